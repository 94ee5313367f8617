// Quantize and dequantize with a scale for all, for each slice along an axis or for each block of it, and with elements of four bits.
// sizes: 0 elements, 1 length of the axis, 2 elements behind it, 3 blocks along it, 4 length of a block. READ_X, READ_SCALE and READ_ZERO give
// element I of P as a double; SCALE_KIND and ZERO_KIND: 0 one for all, 1 for each slice, 2 for each block, -1 left out.
// Quantized: FLOATS 1 where y are small floats, LEAST and MOST of its integers else; NIBBLES 1 where two of them share a byte.
__device__ __forceinline__ uint32 nibble(const void* p, int64 i) { return ((const uint8*)p)[i >> 1] >> (i & 1) * 4 & 15; }
__device__ __forceinline__ double signed_nibble(const void* p, int64 i) { return (double)((int)(nibble(p, i) << 28) >> 28); }
__device__ __forceinline__ double fp4_value(const void* p, int64 i) {
  const uint32 bits = nibble(p, i), exponent = bits >> 1 & 3, fraction = bits & 1;
  const float size = exponent == 0 ? 0.5f * (float)fraction : (1.0f + 0.5f * (float)fraction) * (float)(1u << (exponent - 1));
  return bits & 8 ? -size : size;
}
__device__ __forceinline__ double power_value(const void* p, int64 i) {
  const uint32 bits = ((const uint8*)p)[i];
  return bits == 255 ? as_float(0x7fc00000u) : bits == 0 ? as_float(0x400000u) : as_float(bits << 23);
}

__device__ __forceinline__ int64 place_of(const CallParameters& p, int64 i, int kind) {
  if (kind <= 0) return 0;
  const int64 along = i / p.sizes[2] % p.sizes[1];
  if (kind == 1) return along;
  return (i / (p.sizes[1] * p.sizes[2]) * p.sizes[3] + along / p.sizes[4]) * p.sizes[2] + i % p.sizes[2];
}
__device__ __forceinline__ double zero_of(const CallParameters& p, int64 i) {
  return ZERO_KIND < 0 ? 0 : READ_ZERO(p.inputs[2], place_of(p, i, ZERO_KIND));
}

#ifdef DEQUANTIZES
extern "C" __global__ void __launch_bounds__(256) dequantize_blocks(const CallParameters p) {
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
  if (i >= p.sizes[0]) return;
  const double scale = READ_SCALE(p.inputs[1], place_of(p, i, SCALE_KIND));
  ((Y*)p.outputs[0])[i] = store<Y>((COMPUTE)((READ_X(p.inputs[0], i) - zero_of(p, i)) * scale));
}
#else
#if FLOATS && NIBBLES
__device__ __forceinline__ uint32 quantized(float value, double) {
  if (value != value) return 8;
  const uint32 bits = small_float(value, 1, 1, 6.0f, 7, 8);
  return (bits & 7) | (bits >> 4 & 8);
}
#elif FLOATS
__device__ __forceinline__ Y quantized(float value, double) { return store<Y>(value); }
#else
__device__ __forceinline__ int64 quantized(float value, double zero) {
  const double rounded = value != value ? 0 : rint((double)value) + zero;
  return (int64)(rounded < LEAST ? LEAST : rounded > MOST ? MOST : rounded);
}
#endif
#define QUANTIZED(I) quantized((float)READ_X(p.inputs[0], I) / (float)READ_SCALE(p.inputs[1], place_of(p, I, SCALE_KIND)), zero_of(p, I))

extern "C" __global__ void __launch_bounds__(256) quantize_blocks(const CallParameters p) {
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
#if NIBBLES
  if (2 * i >= p.sizes[0]) return;
  uint32 bits = (uint32)QUANTIZED(2 * i) & 15;
  if (2 * i + 1 < p.sizes[0]) bits |= ((uint32)QUANTIZED(2 * i + 1) & 15) << 4;
  ((uint8*)p.outputs[0])[i] = (uint8)bits;
#else
  if (i >= p.sizes[0]) return;
  ((Y*)p.outputs[0])[i] = (Y)QUANTIZED(i);
#endif
}
#endif
