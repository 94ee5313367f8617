// What follows the sums of a library's product: y = finish(x, residual), VECTOR elements a thread; y may lie where x does.
extern "C" __global__ void __launch_bounds__(256) finish_sums(const FinishParameters p) {
  const int64 first = ((int64)blockIdx.x * blockDim.x + threadIdx.x) * VECTOR;
  if (first >= p.count) return;
  const Pack<SUM, VECTOR> x = *(const Pack<SUM, VECTOR>*)((const SUM*)p.x + first);
  Pack<output_t, VECTOR> y;
#if HAS_RESIDUAL
  const Pack<RESIDUAL, VECTOR> residual = *(const Pack<RESIDUAL, VECTOR>*)((const RESIDUAL*)p.residual + first);
#endif
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) {
#if HAS_RESIDUAL
    const real_t other = (real_t)load(residual.items[i]);
#else
    const real_t other = 0;
#endif
    y.items[i] = finish((accumulator_t)load(x.items[i]), 1.0f, 0, other, p.residual_scale, p.output_scale);
  }
  *(Pack<output_t, VECTOR>*)((output_t*)p.y + first) = y;
}
