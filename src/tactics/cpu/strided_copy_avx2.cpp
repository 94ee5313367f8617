#include "tactics/cpu/strided_copy_tiles.h"

#if defined(__AVX2__)
#include <immintrin.h>

namespace ingot {
namespace {

void tile8x8_32(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(reinterpret_cast<const float*>(from + i * from_stride));
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(reinterpret_cast<float*>(to + i * to_stride), _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(reinterpret_cast<float*>(to + (i + 4) * to_stride), _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

void tile8x8_16(const uint16_t* from, int64_t from_stride, uint16_t* to, int64_t to_stride) {
  __m128i r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * from_stride));
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm_unpacklo_epi32(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm_unpackhi_epi32(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm_unpacklo_epi32(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm_unpackhi_epi32(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + (2 * i) * to_stride), _mm_unpacklo_epi64(r[i], r[i + 4]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + (2 * i + 1) * to_stride), _mm_unpackhi_epi64(r[i], r[i + 4]));
  }
}

void tile16x16_8(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride) {
  __m128i r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * from_stride));
  // Four rounds of interleaving row i with row i + 8: each doubles the run of elements of one column.
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 8; ++i) {
      t[2 * i] = _mm_unpacklo_epi8(r[i], r[i + 8]);
      t[2 * i + 1] = _mm_unpackhi_epi8(r[i], r[i + 8]);
    }
    for (int i = 0; i < 16; ++i) r[i] = t[i];
  }
  for (int i = 0; i < 16; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * to_stride), r[i]);
}

void tile4x4_64(const uint64_t* from, int64_t from_stride, uint64_t* to, int64_t to_stride) {
  __m256i r[4], t[4];
  for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i * from_stride));
  for (int i = 0; i < 4; i += 2) {
    t[i] = _mm256_unpacklo_epi64(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi64(r[i], r[i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * to_stride), _mm256_permute2x128_si256(t[i], t[i + 2], 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (i + 2) * to_stride), _mm256_permute2x128_si256(t[i], t[i + 2], 0x31));
  }
}

}  // namespace

TransposeTile transpose_tile_avx2(int element_bytes) {
  switch (element_bytes) {
    case 1:
      return [](const void* f, int64_t fs, void* t, int64_t ts, int64_t rows, int64_t columns) {
        transpose_tiled<uint8_t, 16, 16>(f, fs, t, ts, rows, columns, tile16x16_8);
      };
    case 2:
      return [](const void* f, int64_t fs, void* t, int64_t ts, int64_t rows, int64_t columns) {
        transpose_tiled<uint16_t, 8, 8>(f, fs, t, ts, rows, columns, tile8x8_16);
      };
    case 4:
      return [](const void* f, int64_t fs, void* t, int64_t ts, int64_t rows, int64_t columns) {
        transpose_tiled<uint32_t, 8, 8>(f, fs, t, ts, rows, columns, tile8x8_32);
      };
    case 8:
      return [](const void* f, int64_t fs, void* t, int64_t ts, int64_t rows, int64_t columns) {
        transpose_tiled<uint64_t, 4, 4>(f, fs, t, ts, rows, columns, tile4x4_64);
      };
    default: return nullptr;
  }
}

}  // namespace ingot
#endif
