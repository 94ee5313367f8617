// y[r, c, i, j] = the mean (MAXIMUM: the largest weighted corner) of samples of x[batch of r, c] within a cell of region r. sizes: 0 channels,
// 1 rows, 2 columns of x, 3 height, 4 width of y, 5 samples along an axis of a cell, or 0, 6 images. Positions are computed in double, so that
// as many samples are taken as the operator says.
struct Corner {
  int64 low, high;
  double ratio;  // of high
  bool inside;
};
__device__ __forceinline__ Corner corner_at(double x, int64 length) {
  if (!(x >= -1 && x <= (double)length)) return Corner{0, 0, 0, false};
  if (x < 0) x = 0;
  const int64 low = (int64)x;
  if (low >= length - 1) return Corner{length - 1, length - 1, 0, true};
  return Corner{low, low + 1, x - (double)low, true};
}
__device__ __forceinline__ int64 samples_of(double cell, int64 samples) {
  if (samples > 0) return samples;
  const double whole = ceil(cell);
  return whole > 4096 ? 4096 : whole > 0 ? (int64)whole : 0;
}

extern "C" __global__ void __launch_bounds__(256) roi_align(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 channels = p.sizes[0], rows = p.sizes[1], columns = p.sizes[2], height = p.sizes[3], width = p.sizes[4];
  const int64 j = at % width, i = at / width % height, channel = at / width / height % channels, region = at / width / height / channels;
  const R* edges = (const R*)p.inputs[1] + 4 * region;
  const double left = (double)load(edges[0]) * SCALE - OFFSET, top = (double)load(edges[1]) * SCALE - OFFSET;
  double wide = (double)load(edges[2]) * SCALE - OFFSET - left, high = (double)load(edges[3]) * SCALE - OFFSET - top;
  if (OFFSET == 0) {
    wide = wide < 1 ? 1 : wide;
    high = high < 1 ? 1 : high;
  }
  const double cell_height = high / (double)height, cell_width = wide / (double)width;
  const int64 down = samples_of(cell_height, p.sizes[5]), across = samples_of(cell_width, p.sizes[5]);
  int64 batch = (int64)load(((const BATCH*)p.inputs[2])[region]);
  if (batch < 0 || batch >= p.sizes[6]) batch = 0;  // an error of the program's, which must not reach foreign memory
  const X* x = (const X*)p.inputs[0] + (batch * channels + channel) * rows * columns;
  REAL sum = 0, highest = 0;
  bool any = false;
  for (int64 a = 0; a < down; ++a) {
    const Corner v = corner_at(top + cell_height * ((double)i + ((double)a + 0.5) / (double)down), rows);
    for (int64 b = 0; b < across; ++b) {
      const Corner h = corner_at(left + cell_width * ((double)j + ((double)b + 0.5) / (double)across), columns);
      REAL parts[4] = {};
      if (v.inside && h.inside) {
        const REAL lower = (REAL)v.ratio, right = (REAL)h.ratio;
        parts[0] = (1 - lower) * (1 - right) * (REAL)load(x[v.low * columns + h.low]);
        parts[1] = (1 - lower) * right * (REAL)load(x[v.low * columns + h.high]);
        parts[2] = lower * (1 - right) * (REAL)load(x[v.high * columns + h.low]);
        parts[3] = lower * right * (REAL)load(x[v.high * columns + h.high]);
      }
      sum += parts[0] + parts[1] + parts[2] + parts[3];
      for (int k = 0; k < 4; ++k) {
        highest = !any || parts[k] > highest ? parts[k] : highest;
        any = true;
      }
    }
  }
  const int64 taken = down * across > 0 ? down * across : 1;
  ((X*)p.outputs[0])[at] = store<X>(MAXIMUM ? highest : sum / (REAL)taken);
}
