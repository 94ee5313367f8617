#include "tactics/cpu/tile_kernel_body.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {
namespace {

struct FloatPortable {
  using V = Portable;
  using Sum = V::Float;
  using B = V::Float;
  static constexpr int kBytes = 16, kUnit = 1;
  static constexpr bool kInteger = false;
  static INGOT_INLINE Sum zero() { return V::zero(); }
  static INGOT_INLINE B load(const char* p) { return V::load(reinterpret_cast<const float*>(p)); }
  static INGOT_INLINE V::Float broadcast(const char* p) {
    float x;
    std::memcpy(&x, p, 4);
    return V::set(x);
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, V::Float a, B b) { return sum + a * b; }
  static INGOT_INLINE V::Float add_bias(Sum sum, V::Float bias, const Finish&, int64_t) { return V::add(sum, bias); }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { V::store(p, sum); }
  static INGOT_INLINE V::Float load_output(const void* p, int64_t at) { return V::load(static_cast<const float*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, V::Float x) { V::store(static_cast<float*>(p) + at, x); }
};

// bf16 pairs, split into two floats.
struct Bf16Portable : FloatPortable {
  struct Pair {
    V::Float low, high;
  };
  using B = Pair;
  static constexpr int kUnit = 2;
  static INGOT_INLINE Pair split(V::Int x) { return {V::from_bits(V::int_shl(x, 16)), V::from_bits(x & static_cast<int>(0xffff0000))}; }
  static INGOT_INLINE B load(const char* p) { return split(V::int_load(reinterpret_cast<const int32_t*>(p))); }
  static INGOT_INLINE Pair broadcast(const char* p) {
    int32_t bits;
    std::memcpy(&bits, p, 4);
    return split(V::int_set(bits));
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, Pair a, Pair b) { return sum + a.low * b.low + a.high * b.high; }
  static INGOT_INLINE V::Float load_output(const void* p, int64_t at) { return V::load_bf16(static_cast<const uint16_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, V::Float x) { V::store_bf16(static_cast<uint16_t*>(p) + at, x); }
};

template <bool kSignedA>
struct Int8Portable {
  using V = Portable;
  using Sum = V::Int;
  struct Unit {
    int8_t bytes[16];  // [4 columns][4 of k]
  };
  using B = Unit;
  struct Four {
    int32_t values[4];
  };
  static constexpr int kBytes = 16, kUnit = 4;
  static constexpr bool kInteger = true;
  static INGOT_INLINE Sum zero() { return Sum{}; }
  static INGOT_INLINE B load(const char* p) {
    Unit unit;
    std::memcpy(&unit, p, 16);
    return unit;
  }
  static INGOT_INLINE Four broadcast(const char* p) {
    Four four;
    for (int i = 0; i < 4; ++i) four.values[i] = kSignedA ? static_cast<int8_t>(p[i]) : static_cast<uint8_t>(p[i]);
    return four;
  }
  static INGOT_INLINE Sum multiply_add(Sum sum, const Four& a, const B& b) {
    for (int column = 0; column < 4; ++column) {
      for (int i = 0; i < 4; ++i) sum[column] += a.values[i] * b.bytes[column * 4 + i];
    }
    return sum;
  }
  static INGOT_INLINE V::Float add_bias(Sum sum, V::Float bias, const Finish& finish, int64_t panel_column) {
    return V::to_float(V::int_add(sum, V::int_load(finish.compensation + panel_column))) * V::load(finish.scale + panel_column) + bias;
  }
  static INGOT_INLINE void store_sum(float* p, Sum sum) { std::memcpy(p, &sum, 16); }
  static INGOT_INLINE V::Float load_output(const void* p, int64_t at) { return V::load_int8(static_cast<const int8_t*>(p) + at); }
  static INGOT_INLINE void store_output(void* p, int64_t at, V::Float x) { V::store_int8(static_cast<int8_t*>(p) + at, x); }
};

}  // namespace

TileKernel portable::tile_kernel(Product product) {
  switch (product) {
    case Product::kFloat: return {4, run_rows<FloatPortable, 4, 2>};
    case Product::kBf16: return {2, run_rows<Bf16Portable, 2, 2>};
    case Product::kInt8: return {4, run_rows<Int8Portable<true>, 4, 1>};
    case Product::kUint8: return {4, run_rows<Int8Portable<false>, 4, 1>};
  }
  return {};
}

}  // namespace ingot
