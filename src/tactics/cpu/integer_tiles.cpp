#include "tactics/cpu/integer_tiles.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_info.h"
#include "operators/scalar_functions.h"

namespace ingot {
namespace {

template <class T>
void load_strided(const void* from, int64_t stride, int64_t* to, int64_t count) {
  const auto* f = static_cast<const T*>(from);
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int64_t>(f[i * stride]);
}

}  // namespace

const IntegerTiles& integer_tiles() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return integer_tiles_avx512();
  if (current_isa() >= Isa::kAvx2) return integer_tiles_avx2();
#endif
  return integer_tiles_portable();
}

void load_integers(DataType type, const void* from, int64_t stride, int64_t* to, int64_t count) {
  if (stride == 1) return integer_tiles().load(type, from, to, count);
  switch (type) {
    case DataType::kInt8: return load_strided<int8_t>(from, stride, to, count);
    case DataType::kInt16: return load_strided<int16_t>(from, stride, to, count);
    case DataType::kInt32: return load_strided<int32_t>(from, stride, to, count);
    case DataType::kUint8: return load_strided<uint8_t>(from, stride, to, count);
    case DataType::kUint16: return load_strided<uint16_t>(from, stride, to, count);
    case DataType::kUint32: return load_strided<uint32_t>(from, stride, to, count);
    default: return load_strided<int64_t>(from, stride, to, count);
  }
}

void store_integers(DataType type, const int64_t* from, void* to, int64_t count) { integer_tiles().store(type, from, to, count); }

void compute_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* x, int64_t* out, int64_t count, double a, double b) {
  if (integer_tiles().compute(op, type, x, out, count, a, b)) return;
  for (int64_t i = 0; i < count; ++i) out[i] = compute_integer(op, type, x[0][i], x[1][i], x[2][i], a, b);
}

void compare_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* x, float* out, int64_t count) {
  if (integer_tiles().compare(op, x, out, count)) return;
  for (int64_t i = 0; i < count; ++i) out[i] = compute_integer(op, type, x[0][i], x[1][i], 0, 0, 0) != 0 ? 1.0f : 0.0f;
}

void select_integers(WideOperand<float> condition, WideOperand<int64_t> yes, WideOperand<int64_t> no, int64_t* out, int64_t count) {
  integer_tiles().select(condition, yes, no, out, count);
}
void integers_from_floats(DataType type, WideOperand<float> x, int64_t* out, int64_t count) {
  integer_tiles().from_floats(type, x, out, count);
}
int64_t integer_from_double(DataType type, double x) {
  if (x != x) return 0;
  const int bits = bits_of(type);
  const bool negative = is_signed(type);
  const double most = std::ldexp(1.0, negative ? bits - 1 : bits) - (bits == 64 ? 0 : 1), least = negative ? -std::ldexp(1.0, bits - 1) : 0;
  const double bounded = std::clamp(std::trunc(x), least, most);
  return bounded >= 9223372036854775807.0 ? INT64_MAX : static_cast<int64_t>(bounded);
}
void floats_from_integers(WideOperand<int64_t> x, float* out, int64_t count) { integer_tiles().to_floats(x, out, count); }

}  // namespace ingot
