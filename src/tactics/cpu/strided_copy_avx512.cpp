#include "tactics/cpu/strided_copy_tiles.h"

#if defined(__AVX512F__)
#include <immintrin.h>

namespace ingot {
namespace {

void tile16x16_32(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  __m512i r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_stride);
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // r[4 * g + j] holds columns j, j+4, j+8, j+12 (one each lane) of rows 4g .. 4g+3.
  for (int j = 0; j < 4; ++j) {
    t[j] = _mm512_shuffle_i32x4(r[j], r[j + 4], 0x88);
    t[j + 4] = _mm512_shuffle_i32x4(r[j], r[j + 4], 0xdd);
    t[j + 8] = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0x88);
    t[j + 12] = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0xdd);
  }
  for (int j = 0; j < 4; ++j) {
    _mm512_storeu_si512(to + j * to_stride, _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88));
    _mm512_storeu_si512(to + (j + 8) * to_stride, _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd));
    _mm512_storeu_si512(to + (j + 4) * to_stride, _mm512_shuffle_i32x4(t[j + 4], t[j + 12], 0x88));
    _mm512_storeu_si512(to + (j + 12) * to_stride, _mm512_shuffle_i32x4(t[j + 4], t[j + 12], 0xdd));
  }
}

}  // namespace

TransposeTile transpose_tile_avx512(int element_bytes) {
  if (element_bytes != 4) return nullptr;
  return [](const void* f, int64_t fs, void* t, int64_t ts, int64_t rows, int64_t columns) {
    transpose_tiled<uint32_t, 16, 16>(f, fs, t, ts, rows, columns, tile16x16_32);
  };
}

}  // namespace ingot
#endif
