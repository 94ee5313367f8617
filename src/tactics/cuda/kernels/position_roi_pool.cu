// The mean of a channel of its own over each cell of a region; see operators/position_roi_pool.h. A thread makes one element. sizes: 0 outputs,
// 1 cells along each axis, 2 images, 3 rows, 4 columns; reals: 0 the scale. A region of a batch that is none reads nothing.
struct Span {
  int64 first, end;
};
__device__ __forceinline__ int64 place(double at, int64 most) { return !(at > 0) ? 0 : at > (double)most ? most : (int64)at; }
__device__ __forceinline__ Span span_of(int64 i, int64 cells, double low, double high, double scale, int64 most) {
  const double start = round(low) * scale, end = (round(high) + 1) * scale;
  const double length = end - start > 0.1 ? end - start : 0.1, size = length / (double)cells;
  return Span{place(floor(__dadd_rn(__dmul_rn((double)i, size), start)), most),
              place(ceil(__dadd_rn(__dmul_rn((double)(i + 1), size), start)), most)};
}

extern "C" __global__ void __launch_bounds__(256) position_roi_pool(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 cells = p.sizes[1], j = at % cells, i = at / cells % cells, c = at / cells / cells % p.sizes[0];
  const REGION* region = (const REGION*)p.inputs[1] + at / cells / cells / p.sizes[0] * 5;
  const double batch = (double)load(region[0]);
  const Span down = span_of(i, cells, (double)load(region[2]), (double)load(region[4]), p.reals[0], p.sizes[3]);
  const Span across = span_of(j, cells, (double)load(region[1]), (double)load(region[3]), p.reals[0], p.sizes[4]);
  double sum = 0;
  int64 area = 0;
  if (batch >= 0 && batch < (double)p.sizes[2] && down.end > down.first && across.end > across.first) {
    const X* x = (const X*)p.inputs[0] + (((int64)batch * p.sizes[0] + c) * cells * cells + i * cells + j) * p.sizes[3] * p.sizes[4];
    for (int64 row = down.first; row < down.end; ++row) {
      for (int64 column = across.first; column < across.end; ++column) sum += (double)load(x[row * p.sizes[4] + column]);
    }
    area = (down.end - down.first) * (across.end - across.first);
  }
  ((X*)p.outputs[0])[at] = store<X>((COMPUTE)(area > 0 ? sum / (double)area : 0.0));
}
