// Sixteen floats in an AVX-512 register. Include from files that are compiled with AVX-512 only (*_avx512.cpp and better).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "tactics/cpu/vector_math.h"

namespace ingot {
namespace {  // each file gets its own copy, so that no linker picks one compiled for a better machine

struct Avx512 {
  using Float = __m512;
  using Int = __m512i;
  using Mask = __mmask16;
  static constexpr int kLanes = 16;

  static INGOT_INLINE Mask first(int count) { return static_cast<Mask>((1u << count) - 1); }  // count in [0, 16]
  static INGOT_INLINE Float zero() { return _mm512_setzero_ps(); }
  static INGOT_INLINE Float set(float value) { return _mm512_set1_ps(value); }
  static INGOT_INLINE Float load(const float* p) { return _mm512_loadu_ps(p); }
  static INGOT_INLINE Float load(const float* p, int count) { return _mm512_maskz_loadu_ps(first(count), p); }
  static INGOT_INLINE void store(float* p, Float x) { _mm512_storeu_ps(p, x); }
  static INGOT_INLINE void store(float* p, Float x, int count) { _mm512_mask_storeu_ps(p, first(count), x); }

  static INGOT_INLINE Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  static INGOT_INLINE Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
  static INGOT_INLINE Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static INGOT_INLINE Float div(Float a, Float b) { return _mm512_div_ps(a, b); }
  static INGOT_INLINE Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }    // a * b + c
  static INGOT_INLINE Float fnma(Float a, Float b, Float c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a * b
  // The second operand where one of them is NaN: max(bound, x) keeps a NaN of x.
  static INGOT_INLINE Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
  static INGOT_INLINE Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
  static INGOT_INLINE Float sqrt(Float a) { return _mm512_sqrt_ps(a); }
  static INGOT_INLINE Float abs(Float a) { return _mm512_abs_ps(a); }
  static INGOT_INLINE Float negate(Float a) { return _mm512_xor_ps(a, set(-0.0f)); }
  static INGOT_INLINE Float copy_sign(Float size, Float sign) {
    return from_bits(_mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), bits(sign), bits(size), 0xca));
  }
  static INGOT_INLINE Float round(Float a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static INGOT_INLINE Float floor(Float a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  static INGOT_INLINE Float ceil(Float a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
  // x * 2^n for integral n.
  static INGOT_INLINE Float scale2(Float x, Float n) { return _mm512_scalef_ps(x, n); }

  static INGOT_INLINE Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static INGOT_INLINE Mask equal(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static INGOT_INLINE Mask is_nan(Float a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
  static INGOT_INLINE Float select(Mask condition, Float yes, Float no) { return _mm512_mask_blend_ps(condition, no, yes); }

  static INGOT_INLINE Int bits(Float a) { return _mm512_castps_si512(a); }
  static INGOT_INLINE Float from_bits(Int a) { return _mm512_castsi512_ps(a); }
  static INGOT_INLINE Float to_float(Int a) { return _mm512_cvtepi32_ps(a); }
  static INGOT_INLINE Int to_int(Float a) { return _mm512_cvtps_epi32(a); }  // rounds half to even
  static INGOT_INLINE Int to_int_truncated(Float a) { return _mm512_cvttps_epi32(a); }
  static INGOT_INLINE Int int_set(int32_t value) { return _mm512_set1_epi32(value); }
  static INGOT_INLINE Int int_load(const int32_t* p) { return _mm512_loadu_si512(p); }
  static INGOT_INLINE void int_store(int32_t* p, Int x) { _mm512_storeu_si512(p, x); }
  static INGOT_INLINE Int int_add(Int a, Int b) { return _mm512_add_epi32(a, b); }
  static INGOT_INLINE Int int_sub(Int a, Int b) { return _mm512_sub_epi32(a, b); }
  static INGOT_INLINE Int int_shl(Int a, int count) { return _mm512_sll_epi32(a, _mm_cvtsi32_si128(count)); }
  static INGOT_INLINE Int int_sra(Int a, int count) { return _mm512_sra_epi32(a, _mm_cvtsi32_si128(count)); }

  static INGOT_INLINE Float load_bf16(const uint16_t* p) { return widen_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static INGOT_INLINE Float load_bf16(const uint16_t* p, int count) { return widen_bf16(_mm256_maskz_loadu_epi16(first(count), p)); }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow_bf16(x)); }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x, int count) { _mm256_mask_storeu_epi16(p, first(count), narrow_bf16(x)); }
  static INGOT_INLINE Float load_half(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static INGOT_INLINE Float load_half(const uint16_t* p, int count) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(count), p)); }
  static INGOT_INLINE void store_half(uint16_t* p, Float x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  static INGOT_INLINE void store_half(uint16_t* p, Float x, int count) {
    _mm256_mask_storeu_epi16(p, first(count), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  static INGOT_INLINE Float load_int8(const int8_t* p, int count = 16) {
    return to_float(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first(count), p)));
  }
  static INGOT_INLINE Float load_uint8(const uint8_t* p, int count = 16) {
    return to_float(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first(count), p)));
  }
  // Round half to even and saturate; NaN becomes 0 only where the caller sees to it.
  static INGOT_INLINE void store_int8(int8_t* p, Float x, int count = 16) {
    Int wide = to_int(max(set(-128.0f), min(set(127.0f), x)));
    _mm_mask_storeu_epi8(p, first(count), _mm512_cvtsepi32_epi8(wide));
  }
  static INGOT_INLINE void store_uint8(uint8_t* p, Float x, int count = 16) {
    Int wide = to_int(max(zero(), min(set(255.0f), x)));
    _mm_mask_storeu_epi8(p, first(count), _mm512_cvtusepi32_epi8(wide));
  }

  // Sums and maxima in a fixed order: halves folded onto each other.
  static INGOT_INLINE float sum(Float a) { return _mm512_reduce_add_ps(a); }
  static INGOT_INLINE float largest(Float a) { return _mm512_reduce_max_ps(a); }
  static INGOT_INLINE float least(Float a) { return _mm512_reduce_min_ps(a); }

 private:
  static INGOT_INLINE Float widen_bf16(__m256i x) { return from_bits(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16)); }
  // Round half to even by integers, as bf16_from_float does: the instruction of AVX512_BF16 would flush denormals.
  static INGOT_INLINE __m256i narrow_bf16(Float x) {
    Int b = bits(x);
    Int odd = _mm512_and_si512(_mm512_srli_epi32(b, 16), _mm512_set1_epi32(1));
    Int rounded = _mm512_add_epi32(_mm512_add_epi32(b, _mm512_set1_epi32(0x7fff)), odd);
    rounded = _mm512_mask_or_epi32(rounded, is_nan(x), b, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
  }
};

}  // namespace
}  // namespace ingot
