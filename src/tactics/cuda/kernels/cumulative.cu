// Running sums or products along lines: a warp a line, 32 elements at once (LANES 32), or a thread a line where neighbours are apart.
// JOIN(a, b), START, and the switches EXCLUSIVE and REVERSE come with the operator. sizes: 0 length, 1 elements between neighbours.
extern "C" __global__ void __launch_bounds__(256) cumulative(const CallParameters p) {
  const int64 length = p.sizes[0], step = p.sizes[1];
  const int64 own = (int64)blockIdx.x * (256 / LANES) + threadIdx.x / LANES, line = own < p.count ? own : p.count - 1;
  const int64 first = line / step * length * step + line % step;
  const X* x = (const X*)p.inputs[0] + first;
  X* y = (X*)p.outputs[0] + first;
  SUM sum = (SUM)START;
#if LANES == 1
  if (own >= p.count) return;
  for (int64 i = 0; i < length; ++i) {
    const int64 at = (REVERSE ? length - 1 - i : i) * step;
    const SUM before = sum, value = (SUM)load(x[at]);
    sum = JOIN(sum, value);
    y[at] = store<X>((COMPUTE)(EXCLUSIVE ? before : sum));
  }
#else
  const int lane = threadIdx.x % 32;
  for (int64 base = 0; base < length; base += 32) {
    const int64 i = base + lane, at = (REVERSE ? length - 1 - i : i) * step;
    SUM value = i < length ? (SUM)load(x[at]) : (SUM)START;
    for (int width = 1; width < 32; width *= 2) {
      const SUM other = __shfl_sync(0xffffffffu, value, lane >= width ? lane - width : lane);
      if (lane >= width) value = JOIN(other, value);
    }
    const SUM before = __shfl_sync(0xffffffffu, value, lane > 0 ? lane - 1 : 0), whole = __shfl_sync(0xffffffffu, value, 31);
    const SUM result = EXCLUSIVE ? (lane > 0 ? JOIN(sum, before) : sum) : JOIN(sum, value);
    if (i < length && own < p.count) y[at] = store<X>((COMPUTE)result);
    sum = JOIN(sum, whole);
  }
#endif
}
