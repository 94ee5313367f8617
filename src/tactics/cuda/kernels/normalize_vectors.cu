// (x - mean) / sqrt(variance + epsilon) * scale + shift along dense rows of ROW elements, VECTOR of them at a time, read once: a warp keeps
// a row in registers. extra[0] scale, extra[1] shift, [ROW] each; extra[2] the epilogue's second value, which lies as x does.
constexpr int kVectors = ROW / VECTOR, kHeld = (kVectors + 31) / 32;

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  return value;
}

extern "C" __global__ void __launch_bounds__(32 * WARPS) normalize_vectors(const RowParameters p) {
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
  const int64 row = (int64)blockIdx.x * WARPS + warp;
  if (row >= p.outputs) return;
  const Pack<X, VECTOR>* x = (const Pack<X, VECTOR>*)((const X*)p.x + row * ROW);
  float held[kHeld][VECTOR];
  float mean = 0;
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    const int at = i * 32 + lane;
    if (kVectors % 32 != 0 && at >= kVectors) continue;
    const Pack<X, VECTOR> own = x[at];
#pragma unroll
    for (int k = 0; k < VECTOR; ++k) {
      held[i][k] = load(own.items[k]);
      mean += held[i][k];
    }
  }
#if CENTERED
  mean = warp_sum(mean) * (1.0f / ROW);
#else
  mean = 0;
#endif
  float squares = 0;
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    if (kVectors % 32 != 0 && i * 32 + lane >= kVectors) continue;
#pragma unroll
    for (int k = 0; k < VECTOR; ++k) {
      held[i][k] -= mean;
      squares += held[i][k] * held[i][k];
    }
  }
  const float factor = 1.0f / sqrtf(warp_sum(squares) * (1.0f / ROW) + p.epsilon);
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    const int at = i * 32 + lane;
    if (kVectors % 32 != 0 && at >= kVectors) continue;
#if HAS_SCALE
    const Pack<SCALE, VECTOR> scales = ((const Pack<SCALE, VECTOR>*)p.extra[0])[at];
#endif
#if HAS_SHIFT
    const Pack<SHIFT, VECTOR> shifts = ((const Pack<SHIFT, VECTOR>*)p.extra[1])[at];
#endif
#if HAS_SECOND
    const Pack<SECOND, VECTOR> seconds = ((const Pack<SECOND, VECTOR>*)((const SECOND*)p.extra[2] + row * ROW))[at];
#endif
    Pack<Y, VECTOR> y;
#pragma unroll
    for (int k = 0; k < VECTOR; ++k) {
      float v = held[i][k] * factor, second = 0;
#if HAS_SCALE
      v *= (float)load(scales.items[k]);
#endif
#if HAS_SHIFT
      v += (float)load(shifts.items[k]);
#endif
#if HAS_SECOND
      second = (float)load(seconds.items[k]);
#endif
      (void)second;
      y.items[k] = store<Y>(EPILOGUE);
    }
    ((Pack<Y, VECTOR>*)((Y*)p.y + row * ROW))[at] = y;
  }
}
