// The row conversions of convert_rows.h over vectors V; each instruction set's file makes them.
#pragma once

#include <type_traits>

#include "base/data_type.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/vector_math.h"

namespace ingot {

LoadRow load_row_avx2(DataType type);
StoreRow store_row_avx2(DataType type);
LoadRow load_row_avx512(DataType type);
StoreRow store_row_avx512(DataType type);

namespace {

// Calls body(offset, lanes) over [0, count): whole vectors, then one partial.
template <class V, class Whole, class Part>
INGOT_INLINE void for_vectors(int64_t count, Whole whole, Part part) {
  int64_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) whole(i);
  if (i < count) part(i, static_cast<int>(count - i));
}

template <class V>
INGOT_INLINE typename V::Float zero_for_nan(typename V::Float x) {
  return V::select(V::is_nan(x), V::zero(), x);
}

template <class V>
LoadRow vector_load_row(DataType type) {
  switch (type) {
    case DataType::kFloat:
      return [](const void* from, float* to, int64_t count) {
        const auto* f = static_cast<const float*>(from);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(to + i, V::load(f + i)); }, [&](int64_t i, int n) { V::store(to + i, V::load(f + i, n), n); });
      };
    case DataType::kHalf:
      return [](const void* from, float* to, int64_t count) {
        const auto* f = static_cast<const uint16_t*>(from);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(to + i, V::load_half(f + i)); },
            [&](int64_t i, int n) { V::store(to + i, V::load_half(f + i, n), n); });
      };
    case DataType::kBf16:
      return [](const void* from, float* to, int64_t count) {
        const auto* f = static_cast<const uint16_t*>(from);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(to + i, V::load_bf16(f + i)); },
            [&](int64_t i, int n) { V::store(to + i, V::load_bf16(f + i, n), n); });
      };
    case DataType::kInt8:
      return [](const void* from, float* to, int64_t count) {
        const auto* f = static_cast<const int8_t*>(from);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(to + i, V::load_int8(f + i)); },
            [&](int64_t i, int n) { V::store(to + i, V::load_int8(f + i, n), n); });
      };
    case DataType::kUint8:
      return [](const void* from, float* to, int64_t count) {
        const auto* f = static_cast<const uint8_t*>(from);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(to + i, V::load_uint8(f + i)); },
            [&](int64_t i, int n) { V::store(to + i, V::load_uint8(f + i, n), n); });
      };
    default: return nullptr;
  }
}

template <class V>
StoreRow vector_store_row(DataType type) {
  switch (type) {
    case DataType::kFloat:
      return [](const float* from, void* to, int64_t count) {
        auto* t = static_cast<float*>(to);
        for_vectors<V>(
            count, [&](int64_t i) { V::store(t + i, V::load(from + i)); },
            [&](int64_t i, int n) { V::store(t + i, V::load(from + i, n), n); });
      };
    case DataType::kHalf:
      return [](const float* from, void* to, int64_t count) {
        auto* t = static_cast<uint16_t*>(to);
        for_vectors<V>(
            count, [&](int64_t i) { V::store_half(t + i, V::load(from + i)); },
            [&](int64_t i, int n) { V::store_half(t + i, V::load(from + i, n), n); });
      };
    case DataType::kBf16:
      return [](const float* from, void* to, int64_t count) {
        auto* t = static_cast<uint16_t*>(to);
        for_vectors<V>(
            count, [&](int64_t i) { V::store_bf16(t + i, V::load(from + i)); },
            [&](int64_t i, int n) { V::store_bf16(t + i, V::load(from + i, n), n); });
      };
    case DataType::kInt8:
      return [](const float* from, void* to, int64_t count) {
        auto* t = static_cast<int8_t*>(to);
        for_vectors<V>(
            count, [&](int64_t i) { V::store_int8(t + i, zero_for_nan<V>(V::load(from + i))); },
            [&](int64_t i, int n) { V::store_int8(t + i, zero_for_nan<V>(V::load(from + i, n)), n); });
      };
    case DataType::kUint8:
      return [](const float* from, void* to, int64_t count) {
        auto* t = static_cast<uint8_t*>(to);
        for_vectors<V>(
            count, [&](int64_t i) { V::store_uint8(t + i, zero_for_nan<V>(V::load(from + i))); },
            [&](int64_t i, int n) { V::store_uint8(t + i, zero_for_nan<V>(V::load(from + i, n)), n); });
      };
    default: return nullptr;
  }
}

// As ConvertBody::quantize, of which it is the vector form.
template <class V, class T>
void vector_quantize(const float* from, float scale, float zero, void* to, int64_t count) {
  auto* t = static_cast<T*>(to);
  const typename V::Float by = V::set(scale), shift = V::set(zero), low = V::set(-512.0f), high = V::set(512.0f);
  const auto code = [&](typename V::Float x) {
    const typename V::Float ratio = V::div(x, by), whole = V::round(V::max(low, V::min(high, ratio)));
    return V::select(V::is_nan(ratio), V::zero(), V::add(whole, shift));
  };
  const auto put = [](T* at, typename V::Float x, int lanes) {
    if constexpr (std::is_signed_v<T>)
      V::store_int8(at, x, lanes);
    else
      V::store_uint8(at, x, lanes);
  };
  for_vectors<V>(
      count, [&](int64_t i) { put(t + i, code(V::load(from + i)), V::kLanes); },
      [&](int64_t i, int n) { put(t + i, code(V::load(from + i, n)), n); });
}
template <class V>
QuantizeRow find_vector_quantize(DataType to) {
  return to == DataType::kInt8 ? vector_quantize<V, int8_t> : to == DataType::kUint8 ? vector_quantize<V, uint8_t> : nullptr;
}

}  // namespace
}  // namespace ingot
