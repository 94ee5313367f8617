// Eight floats in an AVX register, with FMA and F16C. Include from files that are compiled with AVX2 only (*_avx2.cpp).
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "tactics/cpu/vector_math.h"

namespace ingot {
namespace {  // each file gets its own copy, so that no linker picks one compiled for a better machine

struct Avx2 {
  using Float = __m256;
  using Int = __m256i;
  using Mask = __m256;  // all bits of a lane set where it holds
  static constexpr int kLanes = 8;

  static INGOT_INLINE Int first(int count) {  // count in [0, 8]
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static INGOT_INLINE Float zero() { return _mm256_setzero_ps(); }
  static INGOT_INLINE Float set(float value) { return _mm256_set1_ps(value); }
  static INGOT_INLINE Float load(const float* p) { return _mm256_loadu_ps(p); }
  static INGOT_INLINE Float load(const float* p, int count) { return _mm256_maskload_ps(p, first(count)); }
  static INGOT_INLINE void store(float* p, Float x) { _mm256_storeu_ps(p, x); }
  static INGOT_INLINE void store(float* p, Float x, int count) { _mm256_maskstore_ps(p, first(count), x); }

  static INGOT_INLINE Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  static INGOT_INLINE Float sub(Float a, Float b) { return _mm256_sub_ps(a, b); }
  static INGOT_INLINE Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static INGOT_INLINE Float div(Float a, Float b) { return _mm256_div_ps(a, b); }
  static INGOT_INLINE Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }    // a * b + c
  static INGOT_INLINE Float fnma(Float a, Float b, Float c) { return _mm256_fnmadd_ps(a, b, c); }  // c - a * b
  // The second operand where one of them is NaN: max(bound, x) keeps a NaN of x.
  static INGOT_INLINE Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
  static INGOT_INLINE Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
  static INGOT_INLINE Float sqrt(Float a) { return _mm256_sqrt_ps(a); }
  static INGOT_INLINE Float abs(Float a) { return _mm256_andnot_ps(set(-0.0f), a); }
  static INGOT_INLINE Float negate(Float a) { return _mm256_xor_ps(a, set(-0.0f)); }
  static INGOT_INLINE Float copy_sign(Float size, Float sign) {
    return _mm256_or_ps(_mm256_andnot_ps(set(-0.0f), size), _mm256_and_ps(set(-0.0f), sign));
  }
  static INGOT_INLINE Float round(Float a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static INGOT_INLINE Float floor(Float a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  static INGOT_INLINE Float ceil(Float a) { return _mm256_round_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
  // x * 2^n for integral n in [-252, 254]: in two factors, so that each is a float and a denormal result is rounded once.
  static INGOT_INLINE Float scale2(Float x, Float n) {
    Int whole = to_int(n), half = _mm256_srai_epi32(whole, 1), rest = _mm256_sub_epi32(whole, half);
    return mul(mul(x, power2(half)), power2(rest));
  }

  static INGOT_INLINE Mask less(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static INGOT_INLINE Mask equal(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static INGOT_INLINE Mask is_nan(Float a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
  static INGOT_INLINE Float select(Mask condition, Float yes, Float no) { return _mm256_blendv_ps(no, yes, condition); }

  static INGOT_INLINE Int bits(Float a) { return _mm256_castps_si256(a); }
  static INGOT_INLINE Float from_bits(Int a) { return _mm256_castsi256_ps(a); }
  static INGOT_INLINE Float to_float(Int a) { return _mm256_cvtepi32_ps(a); }
  static INGOT_INLINE Int to_int(Float a) { return _mm256_cvtps_epi32(a); }  // rounds half to even
  static INGOT_INLINE Int to_int_truncated(Float a) { return _mm256_cvttps_epi32(a); }
  static INGOT_INLINE Int int_set(int32_t value) { return _mm256_set1_epi32(value); }
  static INGOT_INLINE Int int_load(const int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static INGOT_INLINE void int_store(int32_t* p, Int x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
  static INGOT_INLINE Int int_add(Int a, Int b) { return _mm256_add_epi32(a, b); }
  static INGOT_INLINE Int int_sub(Int a, Int b) { return _mm256_sub_epi32(a, b); }
  static INGOT_INLINE Int int_shl(Int a, int count) { return _mm256_sll_epi32(a, _mm_cvtsi32_si128(count)); }
  static INGOT_INLINE Int int_sra(Int a, int count) { return _mm256_sra_epi32(a, _mm_cvtsi32_si128(count)); }

  static INGOT_INLINE Float load_bf16(const uint16_t* p) { return widen_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static INGOT_INLINE Float load_bf16(const uint16_t* p, int count) { return widen_bf16(load_part(p, count * 2)); }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow_bf16(x)); }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x, int count) { store_part(p, narrow_bf16(x), count * 2); }
  static INGOT_INLINE Float load_half(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static INGOT_INLINE Float load_half(const uint16_t* p, int count) { return _mm256_cvtph_ps(load_part(p, count * 2)); }
  static INGOT_INLINE void store_half(uint16_t* p, Float x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  static INGOT_INLINE void store_half(uint16_t* p, Float x, int count) {
    store_part(p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT), count * 2);
  }
  static INGOT_INLINE Float load_int8(const int8_t* p, int count = 8) { return to_float(_mm256_cvtepi8_epi32(load_part(p, count))); }
  static INGOT_INLINE Float load_uint8(const uint8_t* p, int count = 8) { return to_float(_mm256_cvtepu8_epi32(load_part(p, count))); }
  // Round half to even and saturate; NaN becomes 0 only where the caller sees to it.
  static INGOT_INLINE void store_int8(int8_t* p, Float x, int count = 8) {
    __m128i words = narrow_int(to_int(max(set(-128.0f), min(set(127.0f), x))));
    store_part(p, _mm_packs_epi16(words, words), count);
  }
  static INGOT_INLINE void store_uint8(uint8_t* p, Float x, int count = 8) {
    __m128i words = narrow_int(to_int(max(zero(), min(set(255.0f), x))));
    store_part(p, _mm_packus_epi16(words, words), count);
  }

  // Sums and maxima in a fixed order: halves folded onto each other.
  static INGOT_INLINE float sum(Float a) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
  }
  static INGOT_INLINE float largest(Float a) {
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
  }
  static INGOT_INLINE float least(Float a) {
    __m128 x = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_min_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_min_ss(x, _mm_shuffle_ps(x, x, 1)));
  }

 private:
  static INGOT_INLINE Float power2(Int n) { return from_bits(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23)); }
  static INGOT_INLINE __m128i load_part(const void* p, int bytes) {
    alignas(16) char buffer[16] = {};
    std::memcpy(buffer, p, static_cast<size_t>(bytes));
    return _mm_load_si128(reinterpret_cast<const __m128i*>(buffer));
  }
  static INGOT_INLINE void store_part(void* p, __m128i x, int bytes) {
    alignas(16) char buffer[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(buffer), x);
    std::memcpy(p, buffer, static_cast<size_t>(bytes));
  }
  static INGOT_INLINE Float widen_bf16(__m128i x) { return from_bits(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16)); }
  // Round half to even by integers, as bf16_from_float does.
  static INGOT_INLINE __m128i narrow_bf16(Float x) {
    Int b = bits(x);
    Int odd = _mm256_and_si256(_mm256_srli_epi32(b, 16), _mm256_set1_epi32(1));
    Int rounded = _mm256_add_epi32(_mm256_add_epi32(b, _mm256_set1_epi32(0x7fff)), odd);
    Int quiet = _mm256_or_si256(b, _mm256_set1_epi32(0x400000));
    rounded = _mm256_srli_epi32(bits(select(is_nan(x), from_bits(quiet), from_bits(rounded))), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
  }
  static INGOT_INLINE __m128i narrow_int(Int x) { return _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)); }
};

}  // namespace
}  // namespace ingot
