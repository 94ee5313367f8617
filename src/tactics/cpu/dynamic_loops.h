// The loops of dynamic quantization, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/data_type.h"
#include "base/float_types.h"

namespace ingot {

struct DynamicLoops {
  // The largest magnitude, and `most` where none is larger; NaNs do not count.
  float (*largest)(const float* x, int64_t count, float most);
  // x / scale: in float, in double and then rounded to float, or in double and then rounded to whole numbers.
  void (*divide)(const float* x, float scale, float* to, int64_t count);
  void (*divide_exactly)(const float* x, double scale, float* to, int64_t count);
  void (*divide_to_whole)(const float* x, double scale, float* to, int64_t count);
  // A byte for each code, of fp8, fp4, int8 and int4.
  void (*codes_of)(DataType type, const float* values, uint8_t* to, int64_t count);
  // Two codes of four bits in a byte.
  void (*pack)(const uint8_t* codes, uint8_t* to, int64_t bytes);
};
const DynamicLoops& dynamic_loops_avx2();
const DynamicLoops& dynamic_loops_avx512();

namespace {

// Codes of values that are within the type's range already, in loops that the compiler makes vectors of.
struct Int8Code {
  static constexpr float kMost = 127;
  static constexpr bool kNarrow = false, kWhole = true;
  // Half to even by the sum with 1.5 * 2^23, whose last bit is worth 1.
  static __attribute__((always_inline)) uint8_t of(float v) {
    const float known = v == v ? v : 0.0f;
    return static_cast<uint8_t>(bits_from_float(known + 12582912.0f));
  }
};
struct Int4Code {
  static constexpr float kMost = 7;
  static constexpr bool kNarrow = true, kWhole = true;
  static __attribute__((always_inline)) uint8_t of(float v) { return Int8Code::of(v) & 15; }
};
// Floats of few bits: normal ones round their mantissa, the smaller ones count steps of the least one.
struct Fp8Code {
  static constexpr float kMost = 448;
  static constexpr bool kNarrow = false, kWhole = false;
  static __attribute__((always_inline)) uint8_t of(float v) {
    const uint32_t bits = bits_from_float(v), sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffff;
    const uint32_t normal = ((magnitude + 0x7ffff + (magnitude >> 20 & 1)) >> 20) - (120u << 3);
    const uint32_t small = bits_from_float(float_from_bits(magnitude) * 512.0f + 12582912.0f) & 15;
    const uint32_t code = magnitude < 0x3c800000 ? small : normal;  // 2^-6
    return static_cast<uint8_t>(sign | (magnitude > 0x7f800000 ? 0x7f : code));
  }
};
struct Fp4Code {
  static constexpr float kMost = 6;
  static constexpr bool kNarrow = true, kWhole = false;
  static __attribute__((always_inline)) uint8_t of(float v) {
    const uint32_t bits = bits_from_float(v), sign = bits >> 28 & 8, magnitude = bits & 0x7fffffff;
    const uint32_t normal = ((magnitude + 0x1fffff + (magnitude >> 22 & 1)) >> 22) - (126u << 1);
    const uint32_t small = bits_from_float(float_from_bits(magnitude) * 2.0f + 12582912.0f) & 3;
    const uint32_t code = magnitude < 0x3f800000 ? small : normal;  // 1
    return static_cast<uint8_t>(magnitude > 0x7f800000 ? 8 : sign | code);
  }
};

struct DynamicBody {
  static float largest(const float* x, int64_t count, float most) {
    float lanes[16] = {};
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      for (int k = 0; k < 16; ++k) {
        const float magnitude = std::fabs(x[i + k]);
        lanes[k] = magnitude > lanes[k] ? magnitude : lanes[k];
      }
    }
    for (float lane : lanes) most = lane > most ? lane : most;
    for (; i < count; ++i) most = std::fabs(x[i]) > most ? std::fabs(x[i]) : most;
    return most;
  }
  static void divide(const float* x, float scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = x[i] / scale;
  }
  static void divide_exactly(const float* x, double scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(static_cast<double>(x[i]) / scale);
  }
  // Rounded once: a float near the middle between two whole numbers might be the middle.
  static void divide_to_whole(const float* x, double scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const double exact = static_cast<double>(x[i]) / scale;
      const double above = exact < -256 ? -256 : exact, inside = above > 256 ? 256 : above;
      to[i] = static_cast<float>((inside + 6755399441055744.0) - 6755399441055744.0);
    }
  }
  template <class Code>
  static void codes(const float* values, uint8_t* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const float above = values[i] < -Code::kMost ? -Code::kMost : values[i];
      to[i] = Code::of(above > Code::kMost ? Code::kMost : above);
    }
  }
  static void codes_of(DataType type, const float* values, uint8_t* to, int64_t count) {
    switch (type) {
      case DataType::kInt8: return codes<Int8Code>(values, to, count);
      case DataType::kInt4: return codes<Int4Code>(values, to, count);
      case DataType::kFp4: return codes<Fp4Code>(values, to, count);
      default: return codes<Fp8Code>(values, to, count);
    }
  }
  static void pack(const uint8_t* codes, uint8_t* to, int64_t bytes) {
    for (int64_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(codes[2 * i] | codes[2 * i + 1] << 4);
  }
  static const DynamicLoops& table() {
    static constexpr DynamicLoops kTable{largest, divide, divide_exactly, divide_to_whole, codes_of, pack};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
