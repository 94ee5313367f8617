// y = x / (K + SCALE * sum of squares of the channels around)^BETA. sizes: 0 channels, 1 elements between them, 2 and 3 channels before and
// behind.
extern "C" __global__ void __launch_bounds__(256) lrn(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 step = p.sizes[1], channel = at / step % p.sizes[0];
  const int64 begin = channel < p.sizes[2] ? -channel : -p.sizes[2];
  const int64 end = p.sizes[0] - 1 - channel < p.sizes[3] ? p.sizes[0] - 1 - channel : p.sizes[3];
  const X* x = (const X*)p.inputs[0] + at;
  COMPUTE sum = 0;
  for (int64 c = begin; c <= end; ++c) {
    const COMPUTE value = load(x[c * step]);
    sum += value * value;
  }
  ((X*)p.outputs[0])[at] = store<X>(load(*x) / m_pow((COMPUTE)K + (COMPUTE)SCALE * sum, (COMPUTE)BETA));
}
