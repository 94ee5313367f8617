// IEEE half precision on the host: 1 sign bit, 5 of the exponent, 10 of the fraction.
#ifndef INGOT_CUDART_CUDA_FP16_H
#define INGOT_CUDART_CUDA_FP16_H

#include "ingot_short_floats.h"

#if defined(__cplusplus) && __cplusplus >= 201103L

INGOT_SHORT_FLOAT(__half, __half_raw, __half2, __half2_raw, half_bits, half_value)
typedef __half half;
typedef __half2 half2;
typedef __half nv_half;
typedef __half2 nv_half2;

inline unsigned short __half_as_ushort(const __half a) { return static_cast<__half_raw>(a).x; }
inline short __half_as_short(const __half a) { return static_cast<short>(static_cast<__half_raw>(a).x); }
inline __half __ushort_as_half(const unsigned short bits) { return __half(__half_raw{bits}); }
inline __half __short_as_half(const short bits) { return __ushort_as_half(static_cast<unsigned short>(bits)); }

inline float __half2float(const __half a) { return float(a); }
inline __half __float2half(const float a) { return __half(a); }
inline __half __float2half_rn(const float a) { return __half(a); }
inline __half __float2half_rz(const float a) {
  const unsigned short bits = ingot_cudart::half_bits(a);
  return __ushort_as_half(ingot_cudart::directed(bits, ingot_cudart::half_value(bits), a, ingot_cudart::Rounding::kTowardsZero));
}
inline __half __float2half_rd(const float a) {
  const unsigned short bits = ingot_cudart::half_bits(a);
  return __ushort_as_half(ingot_cudart::directed(bits, ingot_cudart::half_value(bits), a, ingot_cudart::Rounding::kDown));
}
inline __half __float2half_ru(const float a) {
  const unsigned short bits = ingot_cudart::half_bits(a);
  return __ushort_as_half(ingot_cudart::directed(bits, ingot_cudart::half_value(bits), a, ingot_cudart::Rounding::kUp));
}
inline __half __double2half(const double a) { return __half(a); }
inline __half __int2half_rn(const int a) { return __half(a); }
inline __half __uint2half_rn(const unsigned int a) { return __half(a); }
inline __half __short2half_rn(const short a) { return __half(a); }
inline __half __ushort2half_rn(const unsigned short a) { return __half(a); }
inline __half __ll2half_rn(const long long a) { return __half(a); }
inline int __half2int_rn(const __half a) { return static_cast<int>(rintf(float(a))); }
inline int __half2int_rz(const __half a) { return static_cast<int>(float(a)); }
inline unsigned int __half2uint_rn(const __half a) { return static_cast<unsigned int>(rintf(float(a))); }
inline unsigned int __half2uint_rz(const __half a) { return static_cast<unsigned int>(float(a)); }

inline __half2 __float2half2_rn(const float a) { return __half2(__half(a), __half(a)); }
inline __half2 __floats2half2_rn(const float a, const float b) { return __half2(__half(a), __half(b)); }
inline __half2 __float22half2_rn(const float2 a) { return __half2(__half(a.x), __half(a.y)); }
inline float2 __half22float2(const __half2 a) {
  float2 both = {float(a.x), float(a.y)};
  return both;
}
inline __half2 __half2half2(const __half a) { return __half2(a, a); }
inline __half2 __halves2half2(const __half a, const __half b) { return __half2(a, b); }
inline __half2 make_half2(const __half x, const __half y) { return __half2(x, y); }
inline __half __low2half(const __half2 a) { return a.x; }
inline __half __high2half(const __half2 a) { return a.y; }
inline __half2 __hadd2(const __half2 a, const __half2 b) { return a + b; }
inline __half2 __hsub2(const __half2 a, const __half2 b) { return a - b; }
inline __half2 __hmul2(const __half2 a, const __half2 b) { return a * b; }
// 1 for positive infinity, -1 for negative, else 0.
inline int __hisinf(const __half a) {
  const unsigned short bits = __half_as_ushort(a);
  return bits == 0x7c00u ? 1 : bits == 0xfc00u ? -1 : 0;
}

#endif

#endif
