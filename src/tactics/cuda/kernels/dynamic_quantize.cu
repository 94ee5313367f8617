// The largest value of each block gives its scale, and that the codes: LANES threads a block. sizes: 0 rank, 1... dims, 9... extents of a
// block; count: blocks. LARGEST is the largest code.
extern "C" __global__ void __launch_bounds__(256) dynamic_quantize(const CallParameters p) {
  const int64 own = ((int64)blockIdx.x * 256 + threadIdx.x) / LANES, unit = own < p.count ? own : p.count - 1;
  const int lane = threadIdx.x % LANES, rank = (int)p.sizes[0];
  int64 rest = unit, first = 0, step = 1, total = 1, lengths[8], steps[8];
  for (int d = rank - 1; d >= 0; --d) {
    const int64 size = p.sizes[1 + d], extent = p.sizes[9 + d], blocks = (size + extent - 1) / extent, begin = rest % blocks * extent;
    rest /= blocks;
    lengths[d] = min(extent, size - begin);
    steps[d] = step;
    first += begin * step;
    step *= size;
    total *= lengths[d];
  }
  const auto place = [&](int64 i) {
    int64 at = first;
    for (int d = rank - 1; d >= 0; --d) {
      at += i % lengths[d] * steps[d];
      i /= lengths[d];
    }
    return at;
  };
  const X* x = (const X*)p.inputs[0];
  double most = 0;
  for (int64 i = lane; i < total; i += LANES) {
    const double size = fabs((double)load(x[place(i)]));
    most = most < size ? size : most;
  }
  for (int width = 16; width > 0; width /= 2) {
    const double other = __shfl_xor_sync(0xffffffffu, most, width);
    most = most < other ? other : most;
  }
#if LANES > 32
  __shared__ double warps[LANES / 32];
  if (lane % 32 == 0) warps[lane / 32] = most;
  __syncthreads();
  for (int w = 0; w < LANES / 32; ++w) most = most < warps[w] ? warps[w] : most;
#endif
  const double second = HAS_SECOND ? (double)load(*(const SECOND*)p.inputs[1]) : 1;
  double scale = most / LARGEST / second;
#if POWERS
  // The exponent, rounded up.
  const int64 bits = __double_as_longlong(scale);
  int64 exponent = scale > 0 ? (bits >> 52) - 1023 + ((bits & 0xfffffffffffffll) != 0) : -127;
  exponent = exponent < -127 ? -127 : exponent > 127 ? 127 : exponent;
  const uint8 stored = (uint8)(exponent + 127);
  scale = __longlong_as_double((exponent + 1023) << 52);
#else
  const SCALE stored = store<SCALE>((SCALE_COMPUTE)scale);
  scale = load(stored);
#endif
  scale *= second;
  if (own >= p.count) return;
  if (lane == 0) ((SCALE*)p.outputs[1])[unit] = stored;
  for (int64 i = lane; i < total; i += LANES) {
    const int64 at = place(i);
    double value = scale > 0 ? (double)load(x[at]) / scale : 0;
    value = value < -LARGEST ? -LARGEST : value > LARGEST ? LARGEST : value;
    ((Y*)p.outputs[0])[at] = STORE(value);
  }
}
