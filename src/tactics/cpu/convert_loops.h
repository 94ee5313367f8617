// Row conversions of integers and bools in loops that are plain enough for the compiler to make vectors of; each instruction set's file
// compiles its own.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/data_type.h"
#include "tactics/cpu/convert_rows.h"

namespace ingot {

struct ConvertLoops {
  LoadRow (*load)(DataType type);
  StoreRow (*store)(DataType type);
  StoreRow (*store_truncated)(DataType type);
  QuantizeRow (*quantize)(DataType to);
  DequantizeRow (*dequantize)(DataType from);
};
const ConvertLoops& convert_loops_portable();
const ConvertLoops& convert_loops_avx2();
const ConvertLoops& convert_loops_avx512();

namespace {

struct ConvertBody {
  template <class T>
  static void load_plain(const void* from, float* to, int64_t count) {
    const auto* f = static_cast<const T*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(f[i]);
  }
  static void load_bools(const void* from, float* to, int64_t count) {
    const auto* f = static_cast<const uint8_t*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = f[i] != 0 ? 1.0f : 0.0f;
  }
  static void store_bools(const float* from, void* to, int64_t count) {
    auto* t = static_cast<uint8_t*>(to);
    for (int64_t i = 0; i < count; ++i) t[i] = from[i] != 0 ? 1 : 0;
  }

  // Bounds of up to 16 bits are floats, so that values fit after them; of more bits the largest float below 2^bits is `kFits`.
  template <class T>
  static void store_narrow(const float* from, void* to, int64_t count) {
    constexpr float kLeast = std::is_signed_v<T> ? -static_cast<float>(1 << (8 * sizeof(T) - 1)) : 0.0f;
    constexpr float kMost = static_cast<float>((1 << (8 * sizeof(T) - (std::is_signed_v<T> ? 1 : 0))) - 1);
    auto* t = static_cast<T*>(to);
    for (int64_t i = 0; i < count; ++i) {
      const float known = from[i] == from[i] ? from[i] : 0.0f;
      const float above = known < kLeast ? kLeast : known;
      t[i] = static_cast<T>(static_cast<int32_t>(above > kMost ? kMost : above));
    }
  }
  template <class T>
  static void store_wide(const float* from, void* to, int64_t count) {
    constexpr float kPast = std::is_same_v<T, int32_t>    ? 2147483648.0f
                            : std::is_same_v<T, uint32_t> ? 4294967296.0f
                                                          : 9223372036854775808.0f;
    constexpr float kFits = std::is_same_v<T, int32_t>    ? 2147483520.0f
                            : std::is_same_v<T, uint32_t> ? 4294967040.0f
                                                          : 9223371487098961920.0f;
    constexpr float kLeast = std::is_signed_v<T> ? -kPast : 0.0f;
    constexpr T kLargest = static_cast<T>(std::is_same_v<T, uint32_t> ? UINT32_MAX : std::is_same_v<T, int32_t> ? INT32_MAX : INT64_MAX);
    auto* t = static_cast<T*>(to);
    for (int64_t i = 0; i < count; ++i) {
      const float known = from[i] == from[i] ? from[i] : 0.0f;
      const float above = known < kLeast ? kLeast : known;
      const auto whole = static_cast<T>(above > kFits ? kFits : above);
      t[i] = above >= kPast ? kLargest : whole;
    }
  }

  // Rounds half to even by the sum with 1.5 * 2^23, whose last bit is worth 1; values beyond saturate whatever they are rounded to.
  static __attribute__((always_inline)) float rounded(float x) {
    constexpr float kMagic = 12582912.0f, kWhole = 4194304.0f;
    const float above = x < -kWhole ? -kWhole : x;
    const float inside = above > kWhole ? kWhole : above;
    return (inside + kMagic) - kMagic;
  }
  template <class T>
  static void quantize(const float* from, float scale, float zero, void* to, int64_t count) {
    constexpr float kLeast = std::is_signed_v<T> ? -128.0f : 0.0f, kMost = std::is_signed_v<T> ? 127.0f : 255.0f;
    auto* t = static_cast<T*>(to);
    for (int64_t i = 0; i < count; ++i) {
      const float ratio = from[i] / scale;
      const float whole = rounded(ratio) + zero;
      const float known = ratio == ratio ? whole : 0.0f;
      const float above = known < kLeast ? kLeast : known;
      t[i] = static_cast<T>(static_cast<int32_t>(above > kMost ? kMost : above));
    }
  }
  template <class T>
  static void dequantize(const void* from, float scale, float zero, float* to, int64_t count) {
    const auto* f = static_cast<const T*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = (static_cast<float>(f[i]) - zero) * scale;
  }

  static LoadRow find_load(DataType type) {
    switch (type) {
      case DataType::kBool: return load_bools;
      case DataType::kInt8: return load_plain<int8_t>;
      case DataType::kUint8: return load_plain<uint8_t>;
      case DataType::kInt16: return load_plain<int16_t>;
      case DataType::kInt32: return load_plain<int32_t>;
      case DataType::kInt64: return load_plain<int64_t>;
      case DataType::kUint16: return load_plain<uint16_t>;
      case DataType::kUint32: return load_plain<uint32_t>;
      default: return nullptr;
    }
  }
  static StoreRow find_store(DataType type) {
    switch (type) {
      case DataType::kBool: return store_bools;
      case DataType::kInt8: return [](const float* from, void* to, int64_t count) { quantize<int8_t>(from, 1, 0, to, count); };
      case DataType::kUint8: return [](const float* from, void* to, int64_t count) { quantize<uint8_t>(from, 1, 0, to, count); };
      default: return nullptr;
    }
  }
  static StoreRow find_store_truncated(DataType type) {
    switch (type) {
      case DataType::kInt8: return store_narrow<int8_t>;
      case DataType::kUint8: return store_narrow<uint8_t>;
      case DataType::kInt16: return store_narrow<int16_t>;
      case DataType::kUint16: return store_narrow<uint16_t>;
      case DataType::kInt32: return store_wide<int32_t>;
      case DataType::kUint32: return store_wide<uint32_t>;
      case DataType::kInt64: return store_wide<int64_t>;
      default: return nullptr;
    }
  }
  static QuantizeRow find_quantize(DataType to) {
    return to == DataType::kInt8 ? quantize<int8_t> : to == DataType::kUint8 ? quantize<uint8_t> : nullptr;
  }
  static DequantizeRow find_dequantize(DataType from) {
    return from == DataType::kInt8 ? dequantize<int8_t> : from == DataType::kUint8 ? dequantize<uint8_t> : nullptr;
  }

  static const ConvertLoops& table() {
    static constexpr ConvertLoops kTable{find_load, find_store, find_store_truncated, find_quantize, find_dequantize};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
