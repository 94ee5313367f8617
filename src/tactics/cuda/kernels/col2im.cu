// Each element of y gathers what the blocks have for it, in their order. sizes, of axis d from 6 d on: 0 the image's length, 1 the block's,
// 2 how many blocks, 3 dilation, 4 stride, 5 padding before.
extern "C" __global__ void __launch_bounds__(256) col2im(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  int64 rest = at, place[AXES], elements = 1, blocks = 1;
#pragma unroll
  for (int d = AXES - 1; d >= 0; --d) {
    place[d] = rest % p.sizes[6 * d];
    rest /= p.sizes[6 * d];
    elements *= p.sizes[6 * d + 1];
    blocks *= p.sizes[6 * d + 2];
  }
  const X* x = (const X*)p.inputs[0] + rest * elements * blocks;
  double sum = 0;
  for (int64 within = 0; within < elements; ++within) {
    int64 left = within, block = 0, step = 1;
    bool inside = true;
#pragma unroll
    for (int d = AXES - 1; d >= 0; --d) {
      const long long* size = p.sizes + 6 * d;
      const int64 from = place[d] + size[5] - left % size[1] * size[3];
      left /= size[1];
      inside = inside && from >= 0 && from % size[4] == 0 && from / size[4] < size[2];
      block += from / size[4] * step;
      step *= size[2];
    }
    if (inside) sum += (double)load(x[within * blocks + block]);
  }
  ((X*)p.outputs[0])[at] = STORE(sum);
}
