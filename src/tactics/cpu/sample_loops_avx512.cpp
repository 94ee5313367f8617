#if defined(__AVX512F__)
#include <immintrin.h>

#include "tactics/cpu/sample_loops.h"

namespace ingot {

void sample_plane_avx512(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y,
                         int64_t count) {
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

}  // namespace ingot
#endif
