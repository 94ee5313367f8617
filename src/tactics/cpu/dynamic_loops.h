// The loops of dynamic quantization, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/data_type.h"
#include "base/float_types.h"
#include "tactics/cpu/vector_math.h"

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
  // Of blocks of `extent` values that lie one behind the other: the largest magnitude of each, then its scale, as it is stored (from
  // place `at` on) and as it reads, then x by that, as the three functions above divide. Scales are float, fp8 or e8m0.
  void (*largest_of_blocks)(const float* x, int64_t extent, int64_t blocks, float* most);
  void (*find_scales)(DataType type, const float* most, double code_most, double second, int64_t blocks, void* stored, int64_t at,
                      double* scales);
  void (*divide_blocks)(const float* x, const double* scales, bool whole, bool exact, int64_t extent, int64_t blocks, float* to);
  // As divide_blocks, near enough for codes of fp4; false where a ratio lies so near the middle between two codes that only the division
  // tells, or a scale has no reciprocal.
  bool (*divide_nearly)(const float* x, const double* scales, int64_t extent, int64_t blocks, float* to);
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

template <class V>
struct DynamicBody {
  using F = typename V::Float;

  static float largest(const float* x, int64_t count, float most) {
    constexpr int64_t kLanes = V::kLanes;
    F a = V::set(most), b = a, c = a, d = a;
    const auto join = [](F value, F top) { return V::max(V::abs(value), top); };  // the second one where the first is NaN
    int64_t i = 0;
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
      a = join(V::load(x + i), a);
      b = join(V::load(x + i + kLanes), b);
      c = join(V::load(x + i + 2 * kLanes), c);
      d = join(V::load(x + i + 3 * kLanes), d);
    }
    for (; i + kLanes <= count; i += kLanes) a = join(V::load(x + i), a);
    if (i < count) b = join(V::load(x + i, static_cast<int>(count - i)), b);
    return V::largest(V::max(V::max(a, b), V::max(c, d)));
  }
  static void divide(const float* x, float scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = x[i] / scale;
  }
  static void divide_exactly(const float* x, double scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(static_cast<double>(x[i]) / scale);
  }
  // Rounded once: a float near the middle between two whole numbers might be the middle.
  static void divide_to_whole(const float* x, double scale, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = whole_of(x[i], scale);
  }
  static __attribute__((always_inline)) float whole_of(float x, double scale) {
    const double exact = static_cast<double>(x) / scale;
    const double above = exact < -256 ? -256 : exact, inside = above > 256 ? 256 : above;
    return static_cast<float>((inside + 6755399441055744.0) - 6755399441055744.0);
  }
  // The same by a scale that is a float: what the division left over tells on which side of the middle the quotient lies.
  static void divide_to_whole_by_float(const float* x, float scale, float* to, int64_t count) {
    if constexpr (V::kLanes == 4) return divide_to_whole(x, static_cast<double>(scale), to, count);  // has no fused multiplication
    const F by = V::set(scale), low = V::set(-256.0f), high = V::set(256.0f), half = V::set(0.5f);
    const auto whole = [&](F value) {
      const F ratio = V::max(low, V::min(high, V::div(value, by))), near = V::round(ratio), left = V::fnma(ratio, by, value);
      const F beyond = V::add(ratio, V::copy_sign(half, left));
      const F chosen = V::select(V::equal(V::abs(V::sub(ratio, near)), half), beyond, near);
      return V::select(V::equal(left, V::zero()), near, chosen);
    };
    int64_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) V::store(to + i, whole(V::load(x + i)));
    if (i < count) V::store(to + i, whole(V::load(x + i, static_cast<int>(count - i))), static_cast<int>(count - i));
  }

  static void largest_of_blocks(const float* x, int64_t extent, int64_t blocks, float* most) {
    if (extent % V::kLanes != 0 || extent > 2 * V::kLanes) {
      for (int64_t b = 0; b < blocks; ++b) most[b] = largest(x + b * extent, extent, 0);
      return;
    }
    const int64_t second = extent - V::kLanes;  // where the last vector of a block begins, which may be its first
    for (int64_t b = 0; b < blocks; ++b, x += extent) {
      const F first = V::max(V::abs(V::load(x)), V::zero());
      most[b] = V::largest(V::max(V::abs(V::load(x + second)), first));
    }
  }

  static void find_scales(DataType type, const float* most, double code_most, double second, int64_t blocks, void* stored, int64_t at,
                          double* scales) {
    auto* bytes = static_cast<uint8_t*>(stored) + at;
    if (type == DataType::kFp8) {
      static const struct Table {
        float values[256];
        Table() {
          for (int code = 0; code < 256; ++code) values[code] = float_from_fp8(static_cast<uint8_t>(code));
        }
      } kTable;
      constexpr int64_t kRound = 256;
      float own[kRound];
      for (int64_t first = 0; first < blocks; first += kRound) {
        const int64_t count = blocks - first < kRound ? blocks - first : kRound;
        for (int64_t b = 0; b < count; ++b) own[b] = static_cast<float>(static_cast<double>(most[first + b]) / code_most / second);
        codes<Fp8Code>(own, bytes + first, count);
        for (int64_t b = 0; b < count; ++b) scales[first + b] = static_cast<double>(kTable.values[bytes[first + b]]) * second;
      }
    } else if (type == DataType::kE8m0) {
      for (int64_t b = 0; b < blocks; ++b) {
        // The next power of two.
        const double scale = static_cast<double>(most[b]) / code_most / second;
        uint64_t bits;
        std::memcpy(&bits, &scale, sizeof bits);
        const int64_t exponent = scale > 0 ? static_cast<int64_t>(bits >> 52) - 1023 + ((bits & 0xfffffffffffffull) != 0 ? 1 : 0) : -127;
        const int64_t above = exponent < -127 ? -127 : exponent, inside = above > 127 ? 127 : above;
        bytes[b] = static_cast<uint8_t>(inside + 127);
        bits = static_cast<uint64_t>(inside + 1023) << 52;
        double power;
        std::memcpy(&power, &bits, sizeof power);
        scales[b] = power * second;
      }
    } else {
      auto* floats = static_cast<float*>(stored) + at;
      for (int64_t b = 0; b < blocks; ++b) {
        floats[b] = static_cast<float>(static_cast<double>(most[b]) / code_most / second);
        scales[b] = static_cast<double>(floats[b]) * second;
      }
    }
  }

  static bool divide_nearly(const float* x, const double* scales, int64_t extent, int64_t blocks, float* to) {
    if (extent % V::kLanes != 0) return false;
    // Middles are multiples of a quarter up to 5; four times a ratio is off by 4e-6 at most.
    const F four = V::set(4.0f), near = V::set(2e-5f), beyond = V::set(22.0f);
    F doubtful = V::zero();
    constexpr int64_t kRound = 64;
    float factors[kRound];
    for (int64_t b = 0; b < blocks; ++b) {
      if (b % kRound == 0) {
        const int64_t count = blocks - b < kRound ? blocks - b : kRound;
        int useless = 0;
        for (int64_t i = 0; i < count; ++i) factors[i] = static_cast<float>(1 / scales[b + i]);
        for (int64_t i = 0; i < count; ++i) useless |= (factors[i] > 0) & (factors[i] < 1e30f) ? 0 : 1;
        if (useless) return false;
      }
      const F by = V::set(factors[b % kRound]);
      for (int64_t i = 0; i < extent; i += V::kLanes, x += V::kLanes, to += V::kLanes) {
        const F ratio = V::mul(V::load(x), by), quarters = V::mul(ratio, four), size = V::abs(quarters);
        const F distance = V::abs(V::sub(quarters, V::round(quarters)));
        doubtful = V::max(V::select(V::less(distance, near), V::select(V::less(size, beyond), size, V::zero()), V::zero()), doubtful);
        V::store(to, ratio);
      }
    }
    return !(V::largest(doubtful) > 0.5f);
  }

  template <int64_t kExtent>
  static void divide_each(const float* x, const double* scales, bool whole, bool exact, int64_t extent, int64_t blocks, float* to) {
    const int64_t own = kExtent > 0 ? kExtent : extent;
    for (int64_t b = 0; b < blocks; ++b, x += own, to += own) {
      const double scale = scales[b];
      if (!(scale > 0)) {
        for (int64_t i = 0; i < own; ++i) to[i] = 0;
      } else if (whole) {
        if (exact)
          divide_to_whole(x, scale, to, own);
        else
          divide_to_whole_by_float(x, static_cast<float>(scale), to, own);
      } else if (exact) {
        for (int64_t i = 0; i < own; ++i) to[i] = static_cast<float>(static_cast<double>(x[i]) / scale);
      } else {
        const auto by = static_cast<float>(scale);
        for (int64_t i = 0; i < own; ++i) to[i] = x[i] / by;
      }
    }
  }
  static void divide_blocks(const float* x, const double* scales, bool whole, bool exact, int64_t extent, int64_t blocks, float* to) {
    if (extent == 16) return divide_each<16>(x, scales, whole, exact, extent, blocks, to);
    if (extent == 32) return divide_each<32>(x, scales, whole, exact, extent, blocks, to);
    divide_each<0>(x, scales, whole, exact, extent, blocks, to);
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
    static constexpr DynamicLoops kTable{largest,           divide,      divide_exactly, divide_to_whole, codes_of,
                                         largest_of_blocks, find_scales, divide_blocks,  divide_nearly,   pack};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
