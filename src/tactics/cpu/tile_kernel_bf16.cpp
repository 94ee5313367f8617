#include "tactics/cpu/tile_kernel_body.h"
#include "tactics/cpu/vector_math_bf16.h"

namespace ingot {
namespace {

// sum += a0 * b0 + a1 * b1 for pairs of bf16; denormal products count as 0.
struct Bf16Dot {
  using V = Bf16Vectors;
  using Sum = __m512;
  using B = __m512i;
  static constexpr int kBytes = 64, kUnit = 2;
  static constexpr bool kInteger = false;
  static INGOT_INLINE Sum zero() { return _mm512_setzero_ps(); }
  static INGOT_INLINE B load(const char* p) { return _mm512_loadu_si512(p); }
  static INGOT_INLINE __m512i broadcast(const char* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return _mm512_set1_epi32(bits);
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, __m512i a, B b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static INGOT_INLINE __m512 add_bias(Sum sum, __m512 bias, const Finish&, int64_t) { return V::add(sum, bias); }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { _mm512_store_ps(p, sum); }
  static INGOT_INLINE __m512 load_output(const void* p, int64_t at) { return V::load_bf16(static_cast<const uint16_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m512 x) { V::store_bf16(static_cast<uint16_t*>(p) + at, x); }
};

}  // namespace

TileKernel bf16::tile_kernel(Product product) {
  return product == Product::kBf16 ? TileKernel{12, run_rows<Bf16Dot, 12, 2>} : TileKernel{};
}

}  // namespace ingot
