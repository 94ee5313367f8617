#include "tactics/cpu/tile_kernel_body.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {
namespace {

// sum += four products of unsigned a and signed b, exactly. Signed a goes in as a + 128; the compensation holds -128 times B's column
// sums.
template <bool kSignedA>
struct Int8Dot {
  using V = Avx512;
  using Sum = __m512i;
  using B = __m512i;
  static constexpr int kBytes = 64, kUnit = 4;
  static constexpr bool kInteger = true;
  static INGOT_INLINE Sum zero() { return _mm512_setzero_si512(); }
  static INGOT_INLINE B load(const char* p) { return _mm512_loadu_si512(p); }
  static INGOT_INLINE __m512i broadcast(const char* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    __m512i a = _mm512_set1_epi32(bits);
    return kSignedA ? _mm512_xor_si512(a, _mm512_set1_epi32(static_cast<int>(0x80808080))) : a;
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, __m512i a, B b) { return _mm512_dpbusd_epi32(sum, a, b); }
  static INGOT_INLINE __m512 add_bias(Sum sum, __m512 bias, const Finish& finish, int64_t panel_column) {
    __m512 x = _mm512_cvtepi32_ps(_mm512_add_epi32(sum, _mm512_loadu_si512(finish.compensation + panel_column)));
    return V::fma(x, V::load(finish.scale + panel_column), bias);
  }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { _mm512_store_si512(p, sum); }
  static INGOT_INLINE __m512 load_output(const void* p, int64_t at) { return V::load_int8(static_cast<const int8_t*>(p) + at); }
  // The bounds of plain epilogues lie within int8.
  static INGOT_INLINE void store_output(void* p, int64_t at, __m512 x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<int8_t*>(p) + at), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(x)));
  }
};

}  // namespace

TileKernel vnni::tile_kernel(Product product) {
  switch (product) {
    case Product::kInt8: return {12, run_rows<Int8Dot<true>, 12, 2>, nullptr, nullptr, 128};
    case Product::kUint8: return {12, run_rows<Int8Dot<false>, 12, 2>};
    default: return {};
  }
}

}  // namespace ingot
