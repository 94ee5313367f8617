#include "tactics/cpu/tile_kernel_body.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {
namespace {

struct FloatAvx2 {
  using V = Avx2;
  using Sum = __m256;
  using B = __m256;
  static constexpr int kBytes = 32, kUnit = 1;
  static constexpr bool kInteger = false;
  static INGOT_INLINE Sum zero() { return _mm256_setzero_ps(); }
  static INGOT_INLINE B load(const char* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
  static INGOT_INLINE __m256 broadcast(const char* p) { return _mm256_broadcast_ss(reinterpret_cast<const float*>(p)); }
  static INGOT_INLINE Sum multiply_add(Sum sum, __m256 a, B b) { return _mm256_fmadd_ps(a, b, sum); }
  static INGOT_INLINE __m256 add_bias(Sum sum, __m256 bias, const Finish&, int64_t) { return V::add(sum, bias); }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { _mm256_store_ps(p, sum); }
  static INGOT_INLINE __m256 load_output(const void* p, int64_t at) { return V::load(static_cast<const float*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m256 x) { V::store(static_cast<float*>(p) + at, x); }
};

// bf16 pairs, split into two floats.
struct Bf16Avx2 : FloatAvx2 {
  struct Pair {
    __m256 low, high;
  };
  using B = Pair;
  static constexpr int kUnit = 2;
  static INGOT_INLINE Pair split(__m256i x) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)),
            _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32(static_cast<int>(0xffff0000))))};
  }
  static INGOT_INLINE B load(const char* p) { return split(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static INGOT_INLINE Pair broadcast(const char* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return split(_mm256_set1_epi32(bits));
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, Pair a, Pair b) {
    return _mm256_fmadd_ps(a.high, b.high, _mm256_fmadd_ps(a.low, b.low, sum));
  }
  static INGOT_INLINE __m256 load_output(const void* p, int64_t at) { return V::load_bf16(static_cast<const uint16_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m256 x) { V::store_bf16(static_cast<uint16_t*>(p) + at, x); }
};

// Bytes widened to 16 bits, so that no pair of products saturates: four products of a column become two partial sums.
template <bool kSignedA>
struct Int8Avx2 {
  using V = Avx2;
  struct Halves {
    __m256i low, high;  // columns 0 to 3 and 4 to 7
  };
  using Sum = Halves;
  using B = Halves;
  static constexpr int kBytes = 32, kUnit = 4;
  static constexpr bool kInteger = true;
  static INGOT_INLINE Sum zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static INGOT_INLINE B load(const char* p) {
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16)))};
  }
  static INGOT_INLINE __m256i broadcast(const char* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    __m128i bytes = _mm_cvtsi32_si128(bits);
    return _mm256_broadcastq_epi64(kSignedA ? _mm_cvtepi8_epi16(bytes) : _mm_cvtepu8_epi16(bytes));
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, __m256i a, B b) {
    return {_mm256_add_epi32(sum.low, _mm256_madd_epi16(a, b.low)), _mm256_add_epi32(sum.high, _mm256_madd_epi16(a, b.high))};
  }
  static INGOT_INLINE __m256i whole(Sum sum) { return _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum.low, sum.high), 0xd8); }
  static INGOT_INLINE __m256 add_bias(Sum sum, __m256 bias, const Finish& finish, int64_t panel_column) {
    __m256 x = _mm256_cvtepi32_ps(_mm256_add_epi32(whole(sum), V::int_load(finish.compensation + panel_column)));
    return V::fma(x, V::load(finish.scale + panel_column), bias);
  }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { _mm256_store_si256(reinterpret_cast<__m256i*>(p), whole(sum)); }
  static INGOT_INLINE __m256 load_output(const void* p, int64_t at) { return V::load_int8(static_cast<const int8_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, __m256 x) { V::store_int8(static_cast<int8_t*>(p) + at, x); }
};

}  // namespace

TileKernel avx2::tile_kernel(Product product) {
  switch (product) {
    case Product::kFloat: return {5, run_rows<FloatAvx2, 5, 2>};
    case Product::kBf16: return {4, run_rows<Bf16Avx2, 4, 2>};
    case Product::kInt8: return {4, run_rows<Int8Avx2<true>, 4, 1>};
    case Product::kUint8: return {4, run_rows<Int8Avx2<false>, 4, 1>};
  }
  return {};
}

}  // namespace ingot
