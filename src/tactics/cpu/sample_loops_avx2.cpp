#if defined(__AVX2__)
#include <immintrin.h>

#include "tactics/cpu/sample_loops.h"

namespace ingot {
namespace {

void elements(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
  const __m256 zero = _mm256_setzero_ps();
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 sum = zero;
    for (int64_t t = 0; t < taps; ++t) {
      const __m256 weight = _mm256_loadu_ps(weights + t * pitch + i), counts = _mm256_cmp_ps(weight, zero, _CMP_NEQ_UQ);
      const __m256i place = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places + t * pitch + i));
      sum = _mm256_add_ps(sum, _mm256_mul_ps(weight, _mm256_mask_i32gather_ps(zero, x, place, counts, 4)));
    }
    _mm256_storeu_ps(y + i, sum);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (int64_t t = 0; t < taps; ++t) {
      const float weight = weights[t * pitch + i];
      sum += weight != 0 ? weight * x[places[t * pitch + i]] : 0;
    }
    y[i] = sum;
  }
}

// Four pairs, each a number of 64 bits.
__m256 weighted_pairs(const float* x, const int32_t* places, const float* weights) {
  const __m128i place = _mm_loadu_si128(reinterpret_cast<const __m128i*>(places));
  const __m256 weight = _mm256_loadu_ps(weights);
  const __m256 value = _mm256_castpd_ps(_mm256_i32gather_pd(reinterpret_cast<const double*>(x), place, 4));
  return _mm256_and_ps(_mm256_cmp_ps(weight, _mm256_setzero_ps(), _CMP_NEQ_UQ), _mm256_mul_ps(weight, value));
}

void pairs(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 low = _mm256_setzero_ps(), high = low;
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t at = t * pitch + i;
      low = _mm256_add_ps(low, weighted_pairs(x, places + at, weights + 2 * at));
      high = _mm256_add_ps(high, weighted_pairs(x, places + at + 4, weights + 2 * at + 8));
    }
    // Pairs of sums, two of `low`, two of `high`, and so on.
    const __m256d mixed = _mm256_castps_pd(_mm256_hadd_ps(low, high));
    _mm256_storeu_pd(reinterpret_cast<double*>(y + i), _mm256_permute4x64_pd(mixed, 0xd8));
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

const SampleLoops& sample_loops_avx2() {
  static constexpr SampleLoops kTable{elements, pairs};
  return kTable;
}

}  // namespace ingot
#endif
