// bfloat16 on the host: the upper half of a float.
#ifndef INGOT_CUDART_CUDA_BF16_H
#define INGOT_CUDART_CUDA_BF16_H

#include "ingot_short_floats.h"

#if defined(__cplusplus) && __cplusplus >= 201103L

INGOT_SHORT_FLOAT(__nv_bfloat16, __nv_bfloat16_raw, __nv_bfloat162, __nv_bfloat162_raw, bfloat16_bits, bfloat16_value)
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

inline unsigned short __bfloat16_as_ushort(const __nv_bfloat16 a) { return static_cast<__nv_bfloat16_raw>(a).x; }
inline short __bfloat16_as_short(const __nv_bfloat16 a) { return static_cast<short>(static_cast<__nv_bfloat16_raw>(a).x); }
inline __nv_bfloat16 __ushort_as_bfloat16(const unsigned short bits) { return __nv_bfloat16(__nv_bfloat16_raw{bits}); }
inline __nv_bfloat16 __short_as_bfloat16(const short bits) { return __ushort_as_bfloat16(static_cast<unsigned short>(bits)); }

inline float __bfloat162float(const __nv_bfloat16 a) { return float(a); }
inline __nv_bfloat16 __float2bfloat16(const float a) { return __nv_bfloat16(a); }
inline __nv_bfloat16 __float2bfloat16_rn(const float a) { return __nv_bfloat16(a); }
inline __nv_bfloat16 __float2bfloat16_rz(const float a) {
  const unsigned short bits = ingot_cudart::bfloat16_bits(a);
  return __ushort_as_bfloat16(ingot_cudart::directed(bits, ingot_cudart::bfloat16_value(bits), a, ingot_cudart::Rounding::kTowardsZero));
}
inline __nv_bfloat16 __float2bfloat16_rd(const float a) {
  const unsigned short bits = ingot_cudart::bfloat16_bits(a);
  return __ushort_as_bfloat16(ingot_cudart::directed(bits, ingot_cudart::bfloat16_value(bits), a, ingot_cudart::Rounding::kDown));
}
inline __nv_bfloat16 __float2bfloat16_ru(const float a) {
  const unsigned short bits = ingot_cudart::bfloat16_bits(a);
  return __ushort_as_bfloat16(ingot_cudart::directed(bits, ingot_cudart::bfloat16_value(bits), a, ingot_cudart::Rounding::kUp));
}
inline __nv_bfloat16 __double2bfloat16(const double a) { return __nv_bfloat16(a); }
inline __nv_bfloat16 __int2bfloat16_rn(const int a) { return __nv_bfloat16(a); }
inline int __bfloat162int_rn(const __nv_bfloat16 a) { return static_cast<int>(rintf(float(a))); }
inline int __bfloat162int_rz(const __nv_bfloat16 a) { return static_cast<int>(float(a)); }

inline __nv_bfloat162 __float2bfloat162_rn(const float a) { return __nv_bfloat162(__nv_bfloat16(a), __nv_bfloat16(a)); }
inline __nv_bfloat162 __floats2bfloat162_rn(const float a, const float b) { return __nv_bfloat162(__nv_bfloat16(a), __nv_bfloat16(b)); }
inline __nv_bfloat162 __float22bfloat162_rn(const float2 a) { return __nv_bfloat162(__nv_bfloat16(a.x), __nv_bfloat16(a.y)); }
inline float2 __bfloat1622float2(const __nv_bfloat162 a) {
  float2 both = {float(a.x), float(a.y)};
  return both;
}
inline __nv_bfloat162 __bfloat162bfloat162(const __nv_bfloat16 a) { return __nv_bfloat162(a, a); }
inline __nv_bfloat162 __halves2bfloat162(const __nv_bfloat16 a, const __nv_bfloat16 b) { return __nv_bfloat162(a, b); }
inline __nv_bfloat16 __low2bfloat16(const __nv_bfloat162 a) { return a.x; }
inline __nv_bfloat16 __high2bfloat16(const __nv_bfloat162 a) { return a.y; }
// 1 for positive infinity, -1 for negative, else 0.
inline int __hisinf(const __nv_bfloat16 a) {
  const unsigned short bits = __bfloat16_as_ushort(a);
  return bits == 0x7f80u ? 1 : bits == 0xff80u ? -1 : 0;
}

#endif

#endif
