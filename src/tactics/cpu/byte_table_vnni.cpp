// Table of bytes in four registers, looked up by the permutes of AVX512_VBMI, which most but not all CPUs of this level have.
#include <immintrin.h>

#include "tactics/cpu/byte_table.h"

namespace ingot {

bool vnni::has_byte_permutes() {
  static const bool has = __builtin_cpu_supports("avx512vbmi");
  return has;
}

__attribute__((target("avx512vbmi"))) void vnni::look_up_bytes(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64), t2 = _mm512_loadu_si512(table + 128),
                t3 = _mm512_loadu_si512(table + 192);
  for (int64_t i = 0; i < count; i += 64) {
    const __mmask64 there = count - i >= 64 ? ~__mmask64{0} : (__mmask64{1} << (count - i)) - 1;
    const __m512i at = _mm512_maskz_loadu_epi8(there, x + i);
    const __m512i low = _mm512_permutex2var_epi8(t0, at, t1), high = _mm512_permutex2var_epi8(t2, at, t3);
    _mm512_mask_storeu_epi8(y + i, there, _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high));
  }
}

}  // namespace ingot
