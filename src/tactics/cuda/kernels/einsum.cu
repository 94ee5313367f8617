// Sums of products, LANES threads an element of y. sizes: 0 the address of a table, 1 products of a sum; count: elements of y. The table: the
// sizes of the OUTER labels of the result and the INNER ones that are summed, then for each operand how far it moves with each of them.
extern "C" __global__ void __launch_bounds__(256) einsum(const CallParameters p) {
  const int64 own = ((int64)blockIdx.x * 256 + threadIdx.x) / LANES, at = own < p.count ? own : p.count - 1;
  const int64* sizes = (const int64*)p.sizes[0];
  const int64* strides = sizes + OUTER + INNER;
  int64 first[OPERANDS], rest = at;
  for (int k = 0; k < OPERANDS; ++k) first[k] = 0;
  for (int d = OUTER - 1; d >= 0; --d) {
    for (int k = 0; k < OPERANDS; ++k) first[k] += rest % sizes[d] * strides[k * (OUTER + INNER) + d];
    rest /= sizes[d];
  }
  SUM sum = 0;
  for (int64 i = threadIdx.x % LANES; i < p.sizes[1]; i += LANES) {
    int64 place[OPERANDS], left = i;
    for (int k = 0; k < OPERANDS; ++k) place[k] = first[k];
    for (int d = OUTER + INNER - 1; d >= OUTER; --d) {
      for (int k = 0; k < OPERANDS; ++k) place[k] += left % sizes[d] * strides[k * (OUTER + INNER) + d];
      left /= sizes[d];
    }
    SUM product = 1;
    for (int k = 0; k < OPERANDS; ++k) product *= (SUM)load(((const X*)p.inputs[k])[place[k]]);
    sum += product;
  }
#if LANES > 1
  for (int width = LANES / 2; width > 0; width /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, width);
#endif
  if (own < p.count && threadIdx.x % LANES == 0) ((X*)p.outputs[0])[at] = store<X>((COMPUTE)sum);
}
