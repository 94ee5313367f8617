// What every kernel starts with: element types as they are stored, and loads and stores that convert.
typedef unsigned char uint8;
typedef signed char int8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef long long int64;
typedef unsigned long long uint64;

struct half_t { uint16 bits; };
struct bf16_t { uint16 bits; };
struct fp8_t { uint8 bits; };       // E4M3FN
struct fp8_e5m2_t { uint8 bits; };  // E5M2
struct bool_t { uint8 bits; };

template <class T> struct IsHalf { static constexpr bool value = false; };
template <> struct IsHalf<half_t> { static constexpr bool value = true; };

__device__ __forceinline__ float as_float(uint32 bits) { return __int_as_float((int)bits); }
__device__ __forceinline__ uint32 as_bits(float value) { return (uint32)__float_as_int(value); }

__device__ __forceinline__ float load(float x) { return x; }
__device__ __forceinline__ double load(double x) { return x; }
#ifdef INGOT_EMULATED
__device__ inline float load(half_t x) { return emulated_from_half(x.bits); }
#else
__device__ __forceinline__ float load(half_t x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
}
#endif
__device__ __forceinline__ float load(bf16_t x) { return as_float((uint32)x.bits << 16); }
__device__ __forceinline__ float load(fp8_t x) {
  const uint32 exponent = (x.bits >> 3) & 15, fraction = x.bits & 7, sign = (uint32)(x.bits & 128) << 24;
  if ((x.bits & 127) == 127) return as_float(0x7fc00000u | sign);
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction * 0.001953125f;
  return as_float(sign | (exponent + 120) << 23 | fraction << 20);
}
__device__ __forceinline__ float load(fp8_e5m2_t x) { return load(half_t{(uint16)(x.bits << 8)}); }
__device__ __forceinline__ int64 load(bool_t x) { return x.bits != 0; }
__device__ __forceinline__ int64 load(int8 x) { return x; }
__device__ __forceinline__ int64 load(uint8 x) { return x; }
__device__ __forceinline__ int64 load(short x) { return x; }
__device__ __forceinline__ int64 load(uint16 x) { return x; }
__device__ __forceinline__ int64 load(int x) { return x; }
__device__ __forceinline__ int64 load(uint32 x) { return x; }
__device__ __forceinline__ int64 load(int64 x) { return x; }
__device__ __forceinline__ uint64 load(uint64 x) { return x; }

// Rounds half to even to a small float with `fraction` bits, 8 - 1 - fraction of exponent; beyond `most` it saturates.
__device__ inline uint8 small_float(float value, int fraction, int bias, float most, uint8 most_bits, uint8 nan_bits) {
  const uint8 sign = (as_bits(value) >> 31) << 7;
  const float size = fabsf(value);
  if (!(size == size)) return sign | nan_bits;
  if (size >= most) return sign | most_bits;
  const int exponent = (int)(as_bits(size) >> 23) - 127;
  if (exponent < 1 - bias) return sign | (uint8)rintf(size * as_float((uint32)(127 + bias - 1 + fraction) << 23));
  const uint32 bits = as_bits(size) - ((uint32)(127 - bias) << 23), cut = 23 - fraction;
  return sign | (uint8)((bits + ((1u << (cut - 1)) - 1) + ((bits >> cut) & 1)) >> cut);
}

template <class T> struct Store {
  template <class V> static __device__ __forceinline__ T from(V value) { return (T)value; }
};
template <> struct Store<half_t> {
  static __device__ __forceinline__ half_t from(float value) {
    half_t y;
#ifdef INGOT_EMULATED
    y.bits = emulated_to_half(value);
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(value));
#endif
    return y;
  }
};
template <> struct Store<bf16_t> {
  static __device__ __forceinline__ bf16_t from(float value) {
    const uint32 bits = as_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return bf16_t{(uint16)((bits >> 16) | 0x40)};
    return bf16_t{(uint16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
  }
};
template <> struct Store<fp8_t> {
  static __device__ __forceinline__ fp8_t from(float value) { return fp8_t{small_float(value, 3, 7, 448.0f, 0x7e, 0x7f)}; }
};
template <> struct Store<fp8_e5m2_t> {
  static __device__ __forceinline__ fp8_e5m2_t from(float value) { return fp8_e5m2_t{small_float(value, 2, 15, 57344.0f, 0x7b, 0x7f)}; }
};
template <> struct Store<bool_t> {
  template <class V> static __device__ __forceinline__ bool_t from(V value) { return bool_t{(uint8)(value != 0)}; }
};

// As a load gives it, back to how it is stored; integers wrap.
template <class T, class V> __device__ __forceinline__ T store(V value) { return Store<T>::from(value); }

// Bounds of integer types, as the real numbers next to them that fit.
template <class T> struct Bounds;
template <> struct Bounds<int8> { static constexpr int64 least = -128, most = 127; };
template <> struct Bounds<uint8> { static constexpr int64 least = 0, most = 255; };
template <> struct Bounds<short> { static constexpr int64 least = -32768, most = 32767; };
template <> struct Bounds<uint16> { static constexpr int64 least = 0, most = 65535; };
template <> struct Bounds<int> { static constexpr int64 least = -2147483647 - 1, most = 2147483647; };
template <> struct Bounds<uint32> { static constexpr int64 least = 0, most = 4294967295ll; };
template <> struct Bounds<int64> { static constexpr int64 least = -9223372036854775807ll - 1, most = 9223372036854775807ll; };

// Truncates and saturates; NaN gives 0.
template <class T> __device__ __forceinline__ int64 to_integer(double value) {
  if (value != value) return 0;
  if (value <= (double)Bounds<T>::least) return Bounds<T>::least;
  if (value >= (double)Bounds<T>::most) return Bounds<T>::most;
  return (int64)value;
}
__device__ __forceinline__ uint64 to_uint64(double value) {
  if (!(value > 0)) return 0;
  return value >= 18446744073709551615.0 ? 18446744073709551615ull : (uint64)value;
}
// Rounds half to even and saturates.
template <class T> __device__ __forceinline__ T quantized(float value) {
  if (!(value == value)) return 0;
  return (T)fminf(fmaxf(rintf(value), (float)Bounds<T>::least), (float)Bounds<T>::most);
}

template <class T, int N> struct alignas(sizeof(T) * N) Pack { T items[N]; };
