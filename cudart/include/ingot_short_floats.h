// What cuda_fp16.h and cuda_bf16.h share: conversions by bits, and the class of a 16-bit floating-point number that computes in float.
#ifndef INGOT_CUDART_SHORT_FLOATS_H
#define INGOT_CUDART_SHORT_FLOATS_H

#include <math.h>
#include <string.h>

#include "vector_types.h"

#if defined(__cplusplus) && __cplusplus >= 201103L

#include <type_traits>

namespace ingot_cudart {

inline unsigned bits_of(float value) {
  unsigned bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(unsigned bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// `value` cut to float with its last bit set where anything was cut off: rounding that to 16 bits is as good as rounding `value`.
inline float round_to_odd(double value) {
  float nearest = static_cast<float>(value);
  double back = nearest;
  if (back == value || value != value) return nearest;
  unsigned bits = bits_of(nearest);
  if ((back > value) == (value > 0)) --bits;  // towards zero
  return float_of(bits | 1u);
}

// Rounds half to even; more than the largest number gives infinity; any NaN gives 0x7fff, as the CUDA headers do.
inline unsigned short half_bits(float value) {
  const unsigned bits = bits_of(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return 0x7fff;
  if (size >= 0x477ff000u) return static_cast<unsigned short>(sign | 0x7c00u);  // 65520 and up
  unsigned result, rest, tie;
  if (size < 0x38800000u) {  // below 2^-14: subnormal, or 0 up to 2^-25
    if (size <= 0x33000000u) return static_cast<unsigned short>(sign);
    const unsigned fraction = (size & 0x7fffffu) | 0x800000u, shift = 126u - (size >> 23);
    result = fraction >> shift;
    rest = fraction & ((1u << shift) - 1u);
    tie = 1u << (shift - 1u);
  } else {
    result = (size - 0x38000000u) >> 13;
    rest = size & 0x1fffu;
    tie = 0x1000u;
  }
  if (rest > tie || (rest == tie && (result & 1u))) ++result;
  return static_cast<unsigned short>(sign | result);
}

inline float half_value(unsigned short bits) {
  const unsigned sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3ffu;
  if (exponent == 31u) return float_of(sign | 0x7f800000u | fraction << 13);
  if (exponent) return float_of(sign | ((exponent + 112u) << 23) | fraction << 13);
  const float size = static_cast<float>(fraction) * (1.0f / 16777216.0f);
  return sign ? -size : size;
}

inline unsigned short bfloat16_bits(float value) {
  const unsigned bits = bits_of(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<unsigned short>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

inline float bfloat16_value(unsigned short bits) { return float_of(static_cast<unsigned>(bits) << 16); }

// The neighbour of `nearest`, whose value is `back`, on the side of `value` that the mode asks for; `nearest` where it lies there.
enum class Rounding { kTowardsZero, kDown, kUp };
inline unsigned short directed(unsigned short nearest, float back, float value, Rounding mode) {
  if (back == value || value != value) return nearest;
  const bool is_too_high = back > value;
  const bool want_lower = mode == Rounding::kDown || (mode == Rounding::kTowardsZero && value > 0);
  if (is_too_high != want_lower) return nearest;
  const unsigned sign = nearest & 0x8000u, size = nearest & 0x7fffu;
  if (size == 0) return static_cast<unsigned short>(want_lower ? 0x8001u : 0x0001u);
  return static_cast<unsigned short>(sign | ((sign != 0) == want_lower ? size + 1u : size - 1u));
}

}  // namespace ingot_cudart

// A number, its bits, and a pair of each. Arithmetic is done in float and rounded.
#define INGOT_SHORT_FLOAT(Number, Bits, Pair, PairBits, to_bits, to_value)                                                      \
  struct Bits {                                                                                                                 \
    unsigned short x;                                                                                                           \
  };                                                                                                                            \
  struct __align__(4) PairBits {                                                                                                \
    unsigned short x, y;                                                                                                        \
  };                                                                                                                            \
  struct Number {                                                                                                               \
    Number() = default;                                                                                                         \
    Number(const Bits& bits) : __x(bits.x) {}                                                                                   \
    template <class T, class = typename std::enable_if<std::is_arithmetic<T>::value>::type>                                     \
    Number(T value) : __x(ingot_cudart::to_bits(ingot_cudart::round_to_odd(static_cast<double>(value)))) {}                     \
    Number& operator=(const Bits& bits) {                                                                                       \
      __x = bits.x;                                                                                                             \
      return *this;                                                                                                             \
    }                                                                                                                           \
    operator Bits() const { return Bits{__x}; }                                                                                 \
    operator float() const { return ingot_cudart::to_value(__x); }                                                              \
    Number& operator+=(const Number& other) { return *this = Number(float(*this) + float(other)); }                             \
    Number& operator-=(const Number& other) { return *this = Number(float(*this) - float(other)); }                             \
    Number& operator*=(const Number& other) { return *this = Number(float(*this) * float(other)); }                             \
    Number& operator/=(const Number& other) { return *this = Number(float(*this) / float(other)); }                             \
                                                                                                                                \
   protected:                                                                                                                   \
    unsigned short __x;                                                                                                         \
  };                                                                                                                            \
  template <class T>                                                                                                            \
  inline typename std::enable_if<std::is_same<T, Number>::value, Number>::type operator+(const T& a, const T& b) {              \
    return Number(float(a) + float(b));                                                                                         \
  }                                                                                                                             \
  template <class T>                                                                                                            \
  inline typename std::enable_if<std::is_same<T, Number>::value, Number>::type operator-(const T& a, const T& b) {              \
    return Number(float(a) - float(b));                                                                                         \
  }                                                                                                                             \
  template <class T>                                                                                                            \
  inline typename std::enable_if<std::is_same<T, Number>::value, Number>::type operator*(const T& a, const T& b) {              \
    return Number(float(a) * float(b));                                                                                         \
  }                                                                                                                             \
  template <class T>                                                                                                            \
  inline typename std::enable_if<std::is_same<T, Number>::value, Number>::type operator/(const T& a, const T& b) {              \
    return Number(float(a) / float(b));                                                                                         \
  }                                                                                                                             \
  template <class T>                                                                                                            \
  inline typename std::enable_if<std::is_same<T, Number>::value, Number>::type operator-(const T& a) {                          \
    const Bits bits = a;                                                                                                        \
    return Number(Bits{static_cast<unsigned short>(bits.x ^ 0x8000u)});                                                         \
  }                                                                                                                             \
  struct __align__(4) Pair {                                                                                                    \
    Number x, y;                                                                                                                \
    Pair() = default;                                                                                                           \
    Pair(const Number& x_, const Number& y_) : x(x_), y(y_) {}                                                                  \
    Pair(const PairBits& bits) : x(Bits{bits.x}), y(Bits{bits.y}) {}                                                            \
    operator PairBits() const { return PairBits{static_cast<Bits>(x).x, static_cast<Bits>(y).x}; }                              \
  };                                                                                                                            \
  inline Pair operator+(const Pair& a, const Pair& b) { return Pair(a.x + b.x, a.y + b.y); }                                    \
  inline Pair operator-(const Pair& a, const Pair& b) { return Pair(a.x - b.x, a.y - b.y); }                                    \
  inline Pair operator*(const Pair& a, const Pair& b) { return Pair(a.x * b.x, a.y * b.y); }                                    \
  inline Pair operator/(const Pair& a, const Pair& b) { return Pair(a.x / b.x, a.y / b.y); }                                    \
  inline float __low2float(const Pair a) { return float(a.x); }                                                                 \
  inline float __high2float(const Pair a) { return float(a.y); }                                                                \
  inline Number __hadd(const Number a, const Number b) { return a + b; }                                                        \
  inline Number __hsub(const Number a, const Number b) { return a - b; }                                                        \
  inline Number __hmul(const Number a, const Number b) { return a * b; }                                                        \
  inline Number __hdiv(const Number a, const Number b) { return a / b; }                                                        \
  inline Number __hfma(const Number a, const Number b, const Number c) { return Number(fma(double(a), double(b), double(c))); } \
  inline Number __hneg(const Number a) { return -a; }                                                                           \
  inline Number __habs(const Number a) { return Number(Bits{static_cast<unsigned short>(static_cast<Bits>(a).x & 0x7fffu)}); }  \
  inline bool __heq(const Number a, const Number b) { return float(a) == float(b); }                                            \
  inline bool __hne(const Number a, const Number b) { return float(a) != float(b); }                                            \
  inline bool __hlt(const Number a, const Number b) { return float(a) < float(b); }                                             \
  inline bool __hle(const Number a, const Number b) { return float(a) <= float(b); }                                            \
  inline bool __hgt(const Number a, const Number b) { return float(a) > float(b); }                                             \
  inline bool __hge(const Number a, const Number b) { return float(a) >= float(b); }                                            \
  inline bool __hisnan(const Number a) { return float(a) != float(a); }                                                         \
  inline Number __hmax(const Number a, const Number b) { return Number(fmaxf(float(a), float(b))); }                            \
  inline Number __hmin(const Number a, const Number b) { return Number(fminf(float(a), float(b))); }

#endif

#endif
