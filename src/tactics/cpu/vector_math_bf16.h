// Sixteen floats where the CPU has AVX512_BF16: rounding to bf16 is one instruction, by which denormal results become 0, as denormal
// products do. Include from files that are compiled for it only (*_bf16.cpp and better).
#pragma once

#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {
namespace {

struct Bf16Vectors : Avx512 {
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
  }
  static INGOT_INLINE void store_bf16(uint16_t* p, Float x, int count) {
    _mm256_mask_storeu_epi16(p, first(count), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
  }
};

}  // namespace
}  // namespace ingot
