#if defined(__AVX512F__)
#include <immintrin.h>

#include "tactics/cpu/sample_loops.h"

namespace ingot {
namespace {

void elements(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t i = 0; i < count; i += 16) {
    const auto lanes = static_cast<__mmask16>(count - i < 16 ? (1u << (count - i)) - 1 : 0xffff);
    __m512 sum = zero;
    for (int64_t t = 0; t < taps; ++t) {
      const __m512 weight = _mm512_maskz_loadu_ps(lanes, weights + t * pitch + i);
      const __m512i place = _mm512_maskz_loadu_epi32(lanes, places + t * pitch + i);
      const __mmask16 counts = _mm512_cmp_ps_mask(weight, zero, _CMP_NEQ_UQ);
      sum = _mm512_add_ps(sum, _mm512_mul_ps(weight, _mm512_mask_i32gather_ps(zero, counts, place, x, 4)));
    }
    _mm512_mask_storeu_ps(y + i, lanes, sum);
  }
}

// Eight pairs, each a number of 64 bits.
__m512 weighted_pairs(const float* x, const int32_t* places, const float* weights) {
  const __m256i place = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places));
  const __m512 weight = _mm512_loadu_ps(weights), value = _mm512_castpd_ps(_mm512_i32gather_pd(place, x, 4));
  return _mm512_maskz_mul_ps(_mm512_cmp_ps_mask(weight, _mm512_setzero_ps(), _CMP_NEQ_UQ), weight, value);
}

void pairs(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m512 low = _mm512_setzero_ps(), high = low;
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t at = t * pitch + i;
      low = _mm512_add_ps(low, weighted_pairs(x, places + at, weights + 2 * at));
      high = _mm512_add_ps(high, weighted_pairs(x, places + at + 8, weights + 2 * at + 16));
    }
    _mm512_storeu_ps(y + i, _mm512_add_ps(_mm512_permutex2var_ps(low, even, high), _mm512_permutex2var_ps(low, odd, high)));
  }
  for (; i < count; ++i) {
    float sums[2] = {0, 0};
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t at = t * pitch + i;
      for (int k = 0; k < 2; ++k) sums[k] += weights[2 * at + k] != 0 ? weights[2 * at + k] * x[places[at] + k] : 0;
    }
    y[i] = sums[0] + sums[1];
  }
}

}  // namespace

const SampleLoops& sample_loops_avx512() {
  static constexpr SampleLoops kTable{elements, pairs};
  return kTable;
}

}  // namespace ingot
#endif
