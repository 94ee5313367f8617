// y[n, c, o] = x[n, c] read where grid[n, o] says; see operators/grid_sample.h. AXES spatial axes, MODE and PADDING by their names.
// sizes: 0 channels, 1 points, 2... lengths of x's axes, 8... their strides, 14 the stride of a channel, 15 of an image.
// Positions are computed in double: a float could fall on the other side of a half.
struct Taps {
  int64 place[TAPS];  // -1 reads 0
  REAL weight[TAPS];
};

__device__ __forceinline__ double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double turn = fmod(fabs(x - low), 2 * range);
  return low + (turn > range ? 2 * range - turn : turn);
}
__device__ __forceinline__ double bounded(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

__device__ __forceinline__ REAL cubic_weight(REAL distance) {
  const REAL a = (REAL)-0.75, x = m_abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : (REAL)0;
}

__device__ __forceinline__ int64 place_of(int64 index, int64 length, double low, double high) {
  if (index >= 0 && index < length) return index;
#if PADDING == PADDING_ZEROS
  return -1;
#elif PADDING == PADDING_REFLECTION
  index = (int64)rint(reflected((double)index, low, high));
#endif
  return index < 0 ? 0 : index >= length ? length - 1 : index;
}

__device__ Taps taps_at(double position, int64 length) {
  const double size = (double)length, low = ALIGN_CORNERS ? 0 : -0.5, high = ALIGN_CORNERS ? size - 1 : size - 0.5;
  double x = ALIGN_CORNERS ? (position + 1) / 2 * (size - 1) : ((position + 1) * size - 1) / 2;
  if (!(fabs(x) < 1e15)) x = PADDING == PADDING_ZEROS || x != x ? -10 : bounded(x, -1e15, 1e15);
#if MODE == MODE_NEAREST
  x = rint(x);
#endif
  if (x < low || x > high) {
#if PADDING == PADDING_BORDER
    x = bounded(x, 0, size - 1);
#elif PADDING == PADDING_REFLECTION
    x = reflected(x, low, high);
#endif
  }
  Taps taps;
#if MODE == MODE_NEAREST
  taps.place[0] = place_of((int64)rint(x), length, low, high);
  taps.weight[0] = 1;
#else
  const double base = floor(x);
  const int64 first = (int64)base;
  const REAL ratio = (REAL)(x - base);
#if MODE == MODE_LINEAR
  taps.place[0] = place_of(first, length, low, high);
  taps.weight[0] = 1 - ratio;
  taps.place[1] = place_of(first + 1, length, low, high);
  taps.weight[1] = ratio;
#else
  for (int k = 0; k < 4; ++k) {
    taps.place[k] = place_of(first + k - 1, length, low, high);
    taps.weight[k] = cubic_weight((REAL)(k - 1) - ratio);
  }
#endif
#endif
  return taps;
}

extern "C" __global__ void __launch_bounds__(256) grid_sample(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 channels = p.sizes[0], points = p.sizes[1], point = at % points, channel = at / points % channels, image = at / points / channels;
  Taps taps[AXES];
  const GRID* grid = (const GRID*)p.inputs[1] + (image * points + point) * AXES;
  for (int axis = 0; axis < AXES; ++axis) taps[axis] = taps_at((double)load(grid[AXES - 1 - axis]), p.sizes[2 + axis]);
  const X* x = (const X*)p.inputs[0] + image * p.sizes[15] + channel * p.sizes[14];
  REAL sum = 0;
  int combinations = 1;
  for (int axis = 0; axis < AXES; ++axis) combinations *= TAPS;
  for (int i = 0; i < combinations; ++i) {
    int rest = i;
    int64 from = 0;
    REAL weight = 1;
    for (int axis = AXES - 1; axis >= 0; --axis, rest /= TAPS) {
      const int64 place = taps[axis].place[rest % TAPS];
      weight = place < 0 ? (REAL)0 : weight * taps[axis].weight[rest % TAPS];
      from += place * p.sizes[8 + axis];
    }
    if (weight != 0) sum += weight * (REAL)load(x[from]);
  }
  ((X*)p.outputs[0])[at] = STORE(sum);
}
