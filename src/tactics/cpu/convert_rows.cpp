#include "tactics/cpu/convert_rows.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_info.h"
#include "base/float_types.h"
#include "tactics/cpu/convert_loops.h"
#include "tactics/cpu/convert_rows_kernels.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {
namespace {

template <class T>
void load_plain(const void* from, float* to, int64_t count) {
  const auto* f = static_cast<const T*>(from);
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(f[i]);
}

template <class T>
void store_saturated(const float* from, void* to, int64_t count) {
  auto* t = static_cast<T*>(to);
  // As a float the largest value may round up to one that does not fit; >= catches it.
  constexpr auto kLeast = static_cast<float>(std::numeric_limits<T>::min()), kMost = static_cast<float>(std::numeric_limits<T>::max());
  for (int64_t i = 0; i < count; ++i) {
    const float x = std::nearbyint(from[i]);
    t[i] = x >= kMost ? std::numeric_limits<T>::max() : x <= kLeast ? std::numeric_limits<T>::min() : x != x ? T{0} : static_cast<T>(x);
  }
}

template <uint8_t (*kRound)(float)>
void store_bytes(const float* from, void* to, int64_t count) {
  auto* t = static_cast<uint8_t*>(to);
  for (int64_t i = 0; i < count; ++i) t[i] = kRound(from[i]);
}
template <float (*kWiden)(uint8_t)>
void load_bytes(const void* from, float* to, int64_t count) {
  const auto* f = static_cast<const uint8_t*>(from);
  for (int64_t i = 0; i < count; ++i) to[i] = kWiden(f[i]);
}
uint8_t fp8_e5m2_saturated(float value) { return fp8_e5m2_from_float(value); }

}  // namespace

const ConvertLoops& convert_loops_portable() { return ConvertBody::table(); }

namespace {

const ConvertLoops& convert_loops() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return convert_loops_avx512();
  if (current_isa() >= Isa::kAvx2) return convert_loops_avx2();
#endif
  return convert_loops_portable();
}

LoadRow vector_load(DataType type) {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return load_row_avx512(type);
  if (current_isa() >= Isa::kAvx2) return load_row_avx2(type);
#endif
  return vector_load_row<Portable>(type);
}
StoreRow vector_store(DataType type) {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return store_row_avx512(type);
  if (current_isa() >= Isa::kAvx2) return store_row_avx2(type);
#endif
  return vector_store_row<Portable>(type);
}

}  // namespace

LoadRow load_row(DataType type) {
  if (LoadRow row = convert_loops().load(type)) return row;
  if (LoadRow row = vector_load(type)) return row;
  switch (type) {
    case DataType::kDouble: return load_plain<double>;
    case DataType::kUint64: return load_plain<uint64_t>;
    case DataType::kFp8: return load_bytes<float_from_fp8>;
    case DataType::kFp8E5m2: return load_bytes<float_from_fp8_e5m2>;
    default: return nullptr;
  }
}

StoreRow store_row(DataType type) {
  if (StoreRow row = convert_loops().store(type)) return row;
  if (StoreRow row = vector_store(type)) return row;
  switch (type) {
    case DataType::kDouble:
      return [](const float* from, void* to, int64_t count) { std::copy(from, from + count, static_cast<double*>(to)); };
    case DataType::kInt16: return store_saturated<int16_t>;
    case DataType::kInt32: return store_saturated<int32_t>;
    case DataType::kInt64: return store_saturated<int64_t>;
    case DataType::kUint16: return store_saturated<uint16_t>;
    case DataType::kUint32: return store_saturated<uint32_t>;
    case DataType::kUint64: return store_saturated<uint64_t>;
    case DataType::kFp8: return store_bytes<fp8_from_float>;
    case DataType::kFp8E5m2: return store_bytes<fp8_e5m2_saturated>;
    default: return nullptr;
  }
}

StoreRow store_row_truncated(DataType type) { return convert_loops().store_truncated(type); }
QuantizeRow quantize_row(DataType to) { return convert_loops().quantize(to); }
DequantizeRow dequantize_row(DataType from) { return convert_loops().dequantize(from); }

void RowConversion::divide_by(float divisor) {
  factor = divisor;
  scale = expression_kernel(ScalarOp::kDiv);
}

RowConversion RowConversion::make(DataType from, DataType to) {
  return {load_row(from), store_row(to), bits_of(from) / 8, bits_of(to) / 8, 1, expression_kernel(ScalarOp::kMul)};
}

void RowConversion::run(const void* from, void* to, int64_t count) const {
  constexpr int64_t kTile = 1024;
  alignas(64) float tile[kTile], factors[16];
  std::fill(std::begin(factors), std::end(factors), factor);
  const auto* f = static_cast<const char*>(from);
  auto* t = static_cast<char*>(to);
  const TileOperand operands[2] = {{tile, 1}, {factors, 0}};
  for (int64_t i = 0; i < count; i += kTile) {
    const int64_t n = std::min(kTile, count - i);
    load(f + i * from_bytes, tile, n);
    if (factor != 1) scale(operands, tile, n, 0, 0);
    store(tile, t + i * to_bytes, n);
  }
}

}  // namespace ingot
