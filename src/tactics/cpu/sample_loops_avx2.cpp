#if defined(__AVX2__)
#include <immintrin.h>

#include "tactics/cpu/sample_loops.h"

namespace ingot {

void sample_plane_avx2(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
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

}  // namespace ingot
#endif
