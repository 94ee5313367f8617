#include "tactics/cpu/tile_kernel_body.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {
namespace {

struct FloatAvx512 {
  using V = Avx512;
  using Sum = __m512;
  using B = __m512;
  static constexpr int kBytes = 64, kUnit = 1;
  static constexpr bool kInteger = false;
  static INGOT_INLINE Sum zero() { return _mm512_setzero_ps(); }
  static INGOT_INLINE B load(const char* p) { return _mm512_loadu_ps(p); }
  static INGOT_INLINE __m512 broadcast(const char* p) { return _mm512_set1_ps(*reinterpret_cast<const float*>(p)); }
  static INGOT_INLINE Sum multiply_add(Sum sum, __m512 a, B b) { return _mm512_fmadd_ps(a, b, sum); }
  static INGOT_INLINE __m512 add_bias(Sum sum, __m512 bias, const Finish&, int64_t) { return V::add(sum, bias); }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { _mm512_store_ps(p, sum); }
  static INGOT_INLINE __m512 load_output(const void* p, int64_t at) { return V::load(static_cast<const float*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m512 x) { V::store(static_cast<float*>(p) + at, x); }
};

// bf16 without its instruction: a pair of each lane is split into two floats.
struct Bf16Avx512 : FloatAvx512 {
  struct Pair {
    __m512 low, high;
  };
  using B = Pair;
  static constexpr int kUnit = 2;
  static INGOT_INLINE Pair split(__m512i x) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)),
            _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32(static_cast<int>(0xffff0000))))};
  }
  static INGOT_INLINE B load(const char* p) { return split(_mm512_loadu_si512(p)); }
  static INGOT_INLINE Pair broadcast(const char* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return split(_mm512_set1_epi32(bits));
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, Pair a, Pair b) {
    return _mm512_fmadd_ps(a.high, b.high, _mm512_fmadd_ps(a.low, b.low, sum));
  }
  static INGOT_INLINE __m512 load_output(const void* p, int64_t at) { return V::load_bf16(static_cast<const uint16_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m512 x) { V::store_bf16(static_cast<uint16_t*>(p) + at, x); }
};

}  // namespace

TileKernel avx512::tile_kernel(Product product) {
  switch (product) {
    case Product::kFloat: return {12, run_rows<FloatAvx512, 12, 2>};
    case Product::kBf16: return {8, run_rows<Bf16Avx512, 8, 2>};
    default: return {};
  }
}

}  // namespace ingot
