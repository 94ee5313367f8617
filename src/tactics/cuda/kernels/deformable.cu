// A convolution whose taps move; see operators/deformable_convolution.h. A thread computes one element. sizes: 0 outputs, 1 rows, 2 columns of y,
// 3 channels, 4 rows, 5 columns of x, 6 kernel height, 7 width, 8 inputs of a group, 9 outputs of a group, 10 offset groups, 11 and 12 strides,
// 13 and 14 pads, 15 and 16 dilations.
__device__ __forceinline__ REAL sample(const X* x, int64 rows, int64 columns, REAL y, REAL at) {
  if (!(y > -1 && at > -1 && y < (REAL)rows && at < (REAL)columns)) return 0;
  const REAL top = m_floor(y), left = m_floor(at);
  REAL sum = 0;
#pragma unroll
  for (int corner = 0; corner < 4; ++corner) {
    const int64 row = (int64)top + corner / 2, column = (int64)left + corner % 2;
    if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
    const REAL down = corner / 2 ? y - top : 1 - (y - top), right = corner % 2 ? at - left : 1 - (at - left);
    sum += down * right * (REAL)load(x[row * columns + column]);
  }
  return sum;
}

extern "C" __global__ void __launch_bounds__(256) deformable(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 columns = p.sizes[2], plane = p.sizes[1] * columns, place = at % plane, row = place / columns, column = place % columns;
  const int64 m = at / plane % p.sizes[0], n = at / plane / p.sizes[0], taps = p.sizes[6] * p.sizes[7];
  const X* offsets = (const X*)p.inputs[2];
  REAL sum = 0;
#if HAS_BIAS
  sum = load(((const X*)p.inputs[3])[m]);
#endif
  for (int64 k = 0; k < p.sizes[8]; ++k) {
    const int64 channel = m / p.sizes[9] * p.sizes[8] + k, group = channel / (p.sizes[3] / p.sizes[10]);
    const X* x = (const X*)p.inputs[0] + (n * p.sizes[3] + channel) * p.sizes[4] * p.sizes[5];
    const X* w = (const X*)p.inputs[1] + (m * p.sizes[8] + k) * taps;
    for (int64 tap = 0; tap < taps; ++tap) {
      const int64 first = (n * p.sizes[10] + group) * taps + tap;
      const REAL top = (REAL)(row * p.sizes[11] - p.sizes[13] + tap / p.sizes[7] * p.sizes[15]) + (REAL)load(offsets[2 * first * plane + place]);
      const REAL left = (REAL)(column * p.sizes[12] - p.sizes[14] + tap % p.sizes[7] * p.sizes[16]) + (REAL)load(offsets[(2 * first + 1) * plane + place]);
      REAL scale = load(w[tap]);
#if HAS_MASK
      scale *= (REAL)load(((const X*)p.inputs[4])[first * plane + place]);
#endif
      sum += scale * sample(x, p.sizes[4], p.sizes[5], top, left);
    }
  }
  ((X*)p.outputs[0])[at] = store<X>(sum);
}
