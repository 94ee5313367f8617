// Tiled products: y = finish(a * b). A block makes a tile of 64 x 64, a thread 4 x 4 of it. For every type; other tactics are faster.
// A and B are storage types, TERM what is multiplied; the operands' places are given by offset functions below.
constexpr int kTile = 64, kDepth = 16;

#ifdef CONVOLUTION
// Rows are output positions (image, then pixel), columns the output channels of the group blockIdx.z, depth the taps.
// With CHANNELS_LAST depth counts (tap, channel), else (channel, tap), as the weights lie.
#define PARAMETERS WindowParameters
#define GROUP ((int)blockIdx.z)
#define ROWS ((int64)p.batch * p.output[0] * p.output[1] * p.output[2])
#define COLUMNS p.group_outputs
#define DEPTH ((int64)p.group_inputs * p.kernel[0] * p.kernel[1] * p.kernel[2])
struct Row {
  int64 image;
  int place[3];
  bool inside;
};
__device__ __forceinline__ Row row_of(const WindowParameters& p, int64 row) {
  Row r;
  r.inside = row < ROWS;
  const int pixels = p.output[0] * p.output[1] * p.output[2];
  int pixel = (int)(row % pixels);
  r.image = row / pixels * p.x_image;
  const int places[3] = {pixel / (p.output[1] * p.output[2]), pixel / p.output[2] % p.output[1], pixel % p.output[2]};
#pragma unroll
  for (int d = 0; d < 3; ++d) r.place[d] = TRANSPOSED ? places[d] + p.pad[d] : places[d] * p.stride[d] - p.pad[d];
  return r;
}
__device__ __forceinline__ int64 a_place(const WindowParameters& p, const Row& r, int64 k) {
  const int taps = p.kernel[0] * p.kernel[1] * p.kernel[2], depth = (int)k;
  const int channel = CHANNELS_LAST ? depth % p.group_inputs : depth / taps;
  int tap = CHANNELS_LAST ? depth / p.group_inputs : depth % taps;
  const int taps_at[3] = {tap / (p.kernel[1] * p.kernel[2]), tap / p.kernel[2] % p.kernel[1], tap % p.kernel[2]};
  int64 pixel = 0;
#pragma unroll
  for (int d = 0; d < 3; ++d) {
    int at;
    if (TRANSPOSED) {
      at = r.place[d] - taps_at[d] * p.dilation[d];
      if (at % p.stride[d] != 0) return -1;
      at /= p.stride[d];
    } else {
      at = r.place[d] + taps_at[d] * p.dilation[d];
    }
    if (at < 0 || at >= p.input[d]) return -1;
    pixel = pixel * p.input[d] + at;
  }
  return r.image + (int64)(GROUP * p.group_inputs + channel) * p.x_channel + pixel * p.x_pixel;
}
__device__ __forceinline__ const A* a_base(const WindowParameters& p) { return (const A*)p.x; }
__device__ __forceinline__ const B* b_base(const WindowParameters& p) { return (const B*)p.w + (int64)GROUP * COLUMNS * DEPTH; }
__device__ __forceinline__ int64 b_place(const WindowParameters& p, int64 column, int64 k) { return column * DEPTH + k; }
__device__ __forceinline__ int channel_of(const WindowParameters& p, int64 column) { return GROUP * p.group_outputs + (int)column; }
__device__ __forceinline__ int64 y_place(const WindowParameters& p, int64 row, int64 column) {
  const int pixels = p.output[0] * p.output[1] * p.output[2];
  return row / pixels * p.y_image + (int64)channel_of(p, column) * p.y_channel + row % pixels * p.y_pixel;
}
__device__ __forceinline__ int64 residual_place(const WindowParameters& p, int64 row, int64 column) {
  const int pixels = p.output[0] * p.output[1] * p.output[2];
  return row / pixels * p.residual_image + (int64)channel_of(p, column) * p.residual_channel + row % pixels * p.residual_pixel;
}
#else
#define PARAMETERS ProductParameters
#define ROWS p.rows
#define COLUMNS p.columns
#define DEPTH p.depth
struct Row {
  int64 at;
  bool inside;
};
__device__ __forceinline__ Row row_of(const ProductParameters& p, int64 row) { return {row * p.a_row, row < p.rows}; }
__device__ __forceinline__ int64 a_place(const ProductParameters& p, const Row& r, int64 k) { return r.at + k * p.a_depth; }
__device__ __forceinline__ int64 batch_place(const ProductParameters& p, const long long* strides) {
  int64 rest = blockIdx.z, at = 0;
  for (int d = p.batch_rank - 1; d >= 0; --d) {
    at += rest % p.batch_sizes[d] * strides[d];
    rest /= p.batch_sizes[d];
  }
  return at;
}
__device__ __forceinline__ const A* a_base(const ProductParameters& p) { return (const A*)p.a + batch_place(p, p.a_batch); }
__device__ __forceinline__ const B* b_base(const ProductParameters& p) { return (const B*)p.b + batch_place(p, p.b_batch); }
__device__ __forceinline__ int64 b_place(const ProductParameters& p, int64 column, int64 k) { return column * p.b_column + k * p.b_depth; }
__device__ __forceinline__ int channel_of(const ProductParameters&, int64 column) { return (int)column; }
__device__ __forceinline__ int64 y_place(const ProductParameters& p, int64 row, int64 column) { return batch_place(p, p.y_batch) + row * p.y_row + column * p.y_column; }
__device__ __forceinline__ int64 residual_place(const ProductParameters& p, int64 row, int64 column) {
  return batch_place(p, p.residual_batch) + row * p.residual_row + column * p.residual_column;
}
#endif

extern "C" __global__ void __launch_bounds__(256) product(const PARAMETERS p) {
  __shared__ TERM a_tile[kDepth][kTile + 4];
  __shared__ TERM b_tile[kDepth][kTile + 4];
  const int64 row0 = (int64)blockIdx.x * kTile, column0 = (int64)blockIdx.y * kTile;
  const int t = (int)threadIdx.x, tx = t % 16, ty = t / 16;
  const A* a = a_base(p);
  const B* b = b_base(p);
  // Neighbouring threads load neighbours in memory: along the depth, or along the rows (A_ROWS_FAST).
  const int a_row = A_ROWS_FAST ? t % 64 : t / 16, a_depth = A_ROWS_FAST ? t / 64 : t % 16;
  const int b_column = B_COLUMNS_FAST ? t % 64 : t / 16, b_depth = B_COLUMNS_FAST ? t / 64 : t % 16;
  constexpr int kARowStep = A_ROWS_FAST ? 0 : 16, kADepthStep = A_ROWS_FAST ? 4 : 0;
  constexpr int kBColumnStep = B_COLUMNS_FAST ? 0 : 16, kBDepthStep = B_COLUMNS_FAST ? 4 : 0;
  Row rows[A_ROWS_FAST ? 1 : 4];
#pragma unroll
  for (int i = 0; i < (A_ROWS_FAST ? 1 : 4); ++i) rows[i] = row_of(p, row0 + a_row + i * kARowStep);

  accumulator_t sums[4][4] = {};
  for (int64 k0 = 0; k0 < DEPTH; k0 += kDepth) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const Row& row = rows[A_ROWS_FAST ? 0 : i];
      const int depth = a_depth + i * kADepthStep;
      const int64 k = k0 + depth;
      TERM value = 0;
      if (row.inside && k < DEPTH) {
        const int64 at = a_place(p, row, k);
        if (at >= 0) value = (TERM)load(a[at]);
      }
      a_tile[depth][a_row + i * kARowStep] = value;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int depth = b_depth + i * kBDepthStep, column = b_column + i * kBColumnStep;
      const int64 k = k0 + depth;
      b_tile[depth][column] = column0 + column < COLUMNS && k < DEPTH ? (TERM)load(b[b_place(p, column0 + column, k)]) : (TERM)0;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      TERM x[4], w[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        x[i] = a_tile[k][ty * 4 + i];
        w[i] = b_tile[k][tx * 4 + i];
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][j] += (accumulator_t)x[i] * (accumulator_t)w[j];
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i) {
    const int64 row = row0 + ty * 4 + i;
    if (row >= ROWS) break;
    for (int j = 0; j < 4; ++j) {
      const int64 column = column0 + tx * 4 + j;
      if (column >= COLUMNS) break;
      const int channel = channel_of(p, column);
      output_t* y = (output_t*)p.y + y_place(p, row, column);
#if EXACT_BIAS
      int64 bias = 0;
#if HAS_BIAS
      bias = (int64)load(((const BIAS*)p.bias)[channel]);
#endif
      *y = finish_exactly(sums[i][j], bias);
#else
      real_t bias = 0, residual = 0;
      float scale = 1;
#if HAS_BIAS
      bias = (real_t)load(((const BIAS*)p.bias)[channel]);
#endif
#if HAS_RESIDUAL
      residual = (real_t)load(((const RESIDUAL*)p.residual)[residual_place(p, row, column)]);
#endif
#if HAS_SCALES
      scale = ((const float*)p.scales)[channel];
#endif
      *y = finish(sums[i][j], scale, bias, residual, p.residual_scale, p.output_scale);
#endif
    }
  }
}
