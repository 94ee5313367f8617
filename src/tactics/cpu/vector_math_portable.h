// Four floats in a vector of the compiler's own, for machines of which nothing is known. No fused multiply-add.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/float_types.h"
#include "tactics/cpu/vector_math.h"

namespace ingot {
namespace {

struct Portable {
  typedef float Float __attribute__((vector_size(16)));
  typedef int32_t Int __attribute__((vector_size(16)));
  using Mask = Int;  // all bits of a lane set where it holds
  static constexpr int kLanes = 4;

  static INGOT_INLINE Float zero() { return Float{}; }
  static INGOT_INLINE Float set(float value) { return Float{value, value, value, value}; }
  static INGOT_INLINE Float load(const float* p) {
    Float x;
    std::memcpy(&x, p, sizeof(x));
    return x;
  }
  static INGOT_INLINE Float load(const float* p, int count) {
    Float x = {};
    for (int i = 0; i < count; ++i) x[i] = p[i];
    return x;
  }
  static INGOT_INLINE void store(float* p, Float x) { std::memcpy(p, &x, sizeof(x)); }
  static INGOT_INLINE void store(float* p, Float x, int count) {
    for (int i = 0; i < count; ++i) p[i] = x[i];
  }

  static INGOT_INLINE Float add(Float a, Float b) { return a + b; }
  static INGOT_INLINE Float sub(Float a, Float b) { return a - b; }
  static INGOT_INLINE Float mul(Float a, Float b) { return a * b; }
  static INGOT_INLINE Float div(Float a, Float b) { return a / b; }
  static INGOT_INLINE Float fma(Float a, Float b, Float c) { return a * b + c; }
  static INGOT_INLINE Float fnma(Float a, Float b, Float c) { return c - a * b; }
  // The second operand where one of them is NaN: max(bound, x) keeps a NaN of x.
  static INGOT_INLINE Float max(Float a, Float b) { return a > b ? a : b; }
  static INGOT_INLINE Float min(Float a, Float b) { return a < b ? a : b; }
  static INGOT_INLINE Float sqrt(Float a) {
    return each(a, [](float x) { return std::sqrt(x); });
  }
  static INGOT_INLINE Float abs(Float a) { return from_bits(bits(a) & 0x7fffffff); }
  static INGOT_INLINE Float negate(Float a) { return -a; }
  static INGOT_INLINE Float copy_sign(Float size, Float sign) { return from_bits((bits(size) & 0x7fffffff) | (bits(sign) & INT32_MIN)); }
  static INGOT_INLINE Float round(Float a) {
    return each(a, [](float x) { return std::nearbyint(x); });
  }
  static INGOT_INLINE Float floor(Float a) {
    return each(a, [](float x) { return std::floor(x); });
  }
  static INGOT_INLINE Float ceil(Float a) {
    return each(a, [](float x) { return std::ceil(x); });
  }
  // x * 2^n for integral n in [-252, 254].
  static INGOT_INLINE Float scale2(Float x, Float n) {
    Int whole = to_int(n), half = whole >> 1, rest = whole - half;
    return x * power2(half) * power2(rest);
  }

  static INGOT_INLINE Mask less(Float a, Float b) { return a < b; }
  static INGOT_INLINE Mask equal(Float a, Float b) { return a == b; }
  static INGOT_INLINE Mask is_nan(Float a) { return a != a; }
  static INGOT_INLINE Float select(Mask condition, Float yes, Float no) { return condition ? yes : no; }

  static INGOT_INLINE Int bits(Float a) { return reinterpret_cast<Int>(a); }
  static INGOT_INLINE Float from_bits(Int a) { return reinterpret_cast<Float>(a); }
  static INGOT_INLINE Float to_float(Int a) { return __builtin_convertvector(a, Float); }
  static INGOT_INLINE Int to_int(Float a) {  // rounds half to even; out of range and NaN give the least integer, as x86 does
    Int result;
    for (int i = 0; i < 4; ++i) {
      float x = std::nearbyint(a[i]);
      result[i] = x >= -2147483648.0f && x < 2147483648.0f ? static_cast<int32_t>(x) : INT32_MIN;
    }
    return result;
  }
  static INGOT_INLINE Int to_int_truncated(Float a) {
    Int result;
    for (int i = 0; i < 4; ++i) result[i] = a[i] >= -2147483648.0f && a[i] < 2147483648.0f ? static_cast<int32_t>(a[i]) : INT32_MIN;
    return result;
  }
  static INGOT_INLINE Int int_set(int32_t value) { return Int{value, value, value, value}; }
  static INGOT_INLINE Int int_load(const int32_t* p) {
    Int x;
    std::memcpy(&x, p, sizeof(x));
    return x;
  }
  static INGOT_INLINE void int_store(int32_t* p, Int x) { std::memcpy(p, &x, sizeof(x)); }
  // Wrapping, so in unsigned.
  static INGOT_INLINE Int int_add(Int a, Int b) { return reinterpret_cast<Int>(unsigned_of(a) + unsigned_of(b)); }
  static INGOT_INLINE Int int_sub(Int a, Int b) { return reinterpret_cast<Int>(unsigned_of(a) - unsigned_of(b)); }
  static INGOT_INLINE Int int_shl(Int a, int count) { return reinterpret_cast<Int>(unsigned_of(a) << count); }
  static INGOT_INLINE Int int_sra(Int a, int count) { return a >> count; }

  static INGOT_INLINE Float load_bf16(const uint16_t* p, int count = 4) { return gather(p, count, float_from_bf16); }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x, int count = 4) { scatter(p, x, count, bf16_from_float); }
  static INGOT_INLINE Float load_half(const uint16_t* p, int count = 4) { return gather(p, count, float_from_half); }
  static INGOT_INLINE void store_half(uint16_t* p, Float x, int count = 4) { scatter(p, x, count, half_from_float); }
  static INGOT_INLINE Float load_int8(const int8_t* p, int count = 4) { return gather(p, count, as_float<int8_t>); }
  static INGOT_INLINE Float load_uint8(const uint8_t* p, int count = 4) { return gather(p, count, as_float<uint8_t>); }
  // Round half to even and saturate; NaN becomes 0 only where the caller sees to it.
  static INGOT_INLINE void store_int8(int8_t* p, Float x, int count = 4) {
    Int wide = to_int(max(set(-128.0f), min(set(127.0f), x)));
    for (int i = 0; i < count; ++i) p[i] = static_cast<int8_t>(wide[i]);
  }
  static INGOT_INLINE void store_uint8(uint8_t* p, Float x, int count = 4) {
    Int wide = to_int(max(zero(), min(set(255.0f), x)));
    for (int i = 0; i < count; ++i) p[i] = static_cast<uint8_t>(wide[i]);
  }

  // Sums and maxima in a fixed order: halves folded onto each other.
  static INGOT_INLINE float sum(Float a) { return (a[0] + a[2]) + (a[1] + a[3]); }
  static INGOT_INLINE float largest(Float a) { return bigger(bigger(a[0], a[2]), bigger(a[1], a[3])); }
  static INGOT_INLINE float least(Float a) { return -largest(-a); }

 private:
  typedef uint32_t Unsigned __attribute__((vector_size(16)));
  static INGOT_INLINE Unsigned unsigned_of(Int a) { return reinterpret_cast<Unsigned>(a); }
  static INGOT_INLINE Float power2(Int n) { return from_bits(int_shl(n + 127, 23)); }
  static INGOT_INLINE float bigger(float a, float b) { return a > b ? a : b; }
  template <class T>
  static INGOT_INLINE float as_float(T x) {
    return static_cast<float>(x);
  }
  template <class Function>
  static INGOT_INLINE Float each(Float a, Function function) {
    return Float{function(a[0]), function(a[1]), function(a[2]), function(a[3])};
  }
  template <class T, class Function>
  static INGOT_INLINE Float gather(const T* p, int count, Function function) {
    Float x = {};
    for (int i = 0; i < count; ++i) x[i] = function(p[i]);
    return x;
  }
  template <class Function>
  static INGOT_INLINE void scatter(uint16_t* p, Float x, int count, Function function) {
    for (int i = 0; i < count; ++i) p[i] = function(x[i]);
  }
};

}  // namespace
}  // namespace ingot
