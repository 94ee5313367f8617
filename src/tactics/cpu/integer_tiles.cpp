#include "tactics/cpu/integer_tiles.h"

#include <cstring>

#include "operators/scalar_functions.h"

namespace ingot {
namespace {

template <class T>
void load_as(const void* from, int64_t stride, int64_t* to, int64_t count) {
  const auto* f = static_cast<const T*>(from);
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int64_t>(f[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int64_t>(f[i * stride]);
  }
}
template <class T>
void store_as(const int64_t* from, void* to, int64_t count) {
  auto* t = static_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) t[i] = static_cast<T>(from[i]);
}

}  // namespace

void load_integers(DataType type, const void* from, int64_t stride, int64_t* to, int64_t count) {
  switch (type) {
    case DataType::kInt8: return load_as<int8_t>(from, stride, to, count);
    case DataType::kInt16: return load_as<int16_t>(from, stride, to, count);
    case DataType::kInt32: return load_as<int32_t>(from, stride, to, count);
    case DataType::kUint8: return load_as<uint8_t>(from, stride, to, count);
    case DataType::kUint16: return load_as<uint16_t>(from, stride, to, count);
    case DataType::kUint32: return load_as<uint32_t>(from, stride, to, count);
    default: return load_as<int64_t>(from, stride, to, count);
  }
}

void store_integers(DataType type, const int64_t* from, void* to, int64_t count) {
  switch (type) {
    case DataType::kInt8:
    case DataType::kUint8: return store_as<uint8_t>(from, to, count);
    case DataType::kInt16:
    case DataType::kUint16: return store_as<uint16_t>(from, to, count);
    case DataType::kInt32:
    case DataType::kUint32: return store_as<uint32_t>(from, to, count);
    default: std::memcpy(to, from, static_cast<size_t>(count) * 8);
  }
}

void compute_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* x, int64_t* out, int64_t count, double a, double b) {
  // The common ones without a switch for each element; all wrap below.
  switch (op) {
    case ScalarOp::kIdentity:
    case ScalarOp::kCast:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i];
      break;
    case ScalarOp::kAdd:
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int64_t>(static_cast<uint64_t>(x[0][i]) + static_cast<uint64_t>(x[1][i]));
      break;
    case ScalarOp::kSub:
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int64_t>(static_cast<uint64_t>(x[0][i]) - static_cast<uint64_t>(x[1][i]));
      break;
    case ScalarOp::kMul:
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int64_t>(static_cast<uint64_t>(x[0][i]) * static_cast<uint64_t>(x[1][i]));
      break;
    case ScalarOp::kMin:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i] < x[1][i] ? x[0][i] : x[1][i];
      break;
    case ScalarOp::kMax:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i] > x[1][i] ? x[0][i] : x[1][i];
      break;
    default:
      for (int64_t i = 0; i < count; ++i) out[i] = compute_integer(op, type, x[0][i], x[1][i], x[2][i], a, b);
      return;
  }
  if (type != DataType::kInt64) {
    for (int64_t i = 0; i < count; ++i) out[i] = wrap_integer(type, out[i]);
  }
}

void compare_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* x, float* out, int64_t count) {
  switch (op) {
    case ScalarOp::kEqual:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i] == x[1][i] ? 1.0f : 0.0f;
      break;
    case ScalarOp::kLess:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i] < x[1][i] ? 1.0f : 0.0f;
      break;
    case ScalarOp::kGreater:
      for (int64_t i = 0; i < count; ++i) out[i] = x[0][i] > x[1][i] ? 1.0f : 0.0f;
      break;
    default:
      for (int64_t i = 0; i < count; ++i) out[i] = compute_integer(op, type, x[0][i], x[1][i], 0, 0, 0) != 0 ? 1.0f : 0.0f;
  }
}

}  // namespace ingot
