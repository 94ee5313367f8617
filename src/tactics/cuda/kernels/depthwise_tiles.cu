// Channels-last convolutions with one input and one output channel a group: a thread makes TALL x WIDE outputs of CHANNELS neighbouring
// channels, 16 bytes of x. Weights lie as [tap][channel]. TAPS_H x TAPS_W, STRIDE_* and DILATION_* are the convolution's.
constexpr int kRows = (TALL - 1) * STRIDE_H + (TAPS_H - 1) * DILATION_H + 1, kColumns = (WIDE - 1) * STRIDE_W + (TAPS_W - 1) * DILATION_W + 1;

extern "C" __global__ void __launch_bounds__(128) depthwise_tiles(const WindowParameters p) {
  const int channels = p.groups, parts = channels / CHANNELS;
  const int tiles_w = (p.output[2] + WIDE - 1) / WIDE, tiles_h = (p.output[1] + TALL - 1) / TALL;
  const int64 i = (int64)blockIdx.x * 128 + threadIdx.x;
  const int64 tile = i / parts;
  if (tile >= (int64)p.batch * tiles_h * tiles_w) return;
  const int channel = (int)(i % parts) * CHANNELS, in_image = (int)(tile % (tiles_h * tiles_w));
  const int64 image = tile / (tiles_h * tiles_w);
  const int y0 = in_image / tiles_w * TALL, x0 = in_image % tiles_w * WIDE;
  const int row0 = y0 * STRIDE_H - p.pad[1], column0 = x0 * STRIDE_W - p.pad[2];
  const A* x = (const A*)p.x + image * p.x_image + channel;
  const B* w = (const B*)p.w + channel;
  float sums[TALL][WIDE][CHANNELS] = {};
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const int row = row0 + r;
    if (row < 0 || row >= p.input[1]) continue;
    Pack<A, CHANNELS> line[kColumns];
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const int column = column0 + c;
      if (column >= 0 && column < p.input[2]) {
        line[c] = *(const Pack<A, CHANNELS>*)(x + ((int64)row * p.input[2] + column) * channels);
      } else {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) line[c].items[k] = store<A>(0.0f);
      }
    }
#pragma unroll
    for (int o = 0; o < TALL; ++o) {
      const int reach = r - o * STRIDE_H;
      if (reach < 0 || reach % DILATION_H != 0 || reach / DILATION_H >= TAPS_H) continue;
#pragma unroll
      for (int v = 0; v < TAPS_W; ++v) {
        const Pack<B, CHANNELS> weights = *(const Pack<B, CHANNELS>*)(w + (int64)(reach / DILATION_H * TAPS_W + v) * channels);
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) {
          const float weight = load(weights.items[k]);
#pragma unroll
          for (int u = 0; u < WIDE; ++u) sums[o][u][k] += load(line[u * STRIDE_W + v * DILATION_W].items[k]) * weight;
        }
      }
    }
  }
  float biases[CHANNELS];
#pragma unroll
  for (int k = 0; k < CHANNELS; ++k) {
#if HAS_BIAS
    biases[k] = (float)load(((const BIAS*)p.bias)[channel + k]);
#else
    biases[k] = 0;
#endif
  }
#pragma unroll
  for (int o = 0; o < TALL; ++o) {
#pragma unroll
    for (int u = 0; u < WIDE; ++u) {
      if (y0 + o >= p.output[1] || x0 + u >= p.output[2]) continue;
      const int64 at = image * p.y_image + ((int64)(y0 + o) * p.output[2] + x0 + u) * channels + channel;
#if HAS_RESIDUAL
      const Pack<RESIDUAL, CHANNELS> residuals = *(const Pack<RESIDUAL, CHANNELS>*)((const RESIDUAL*)p.residual + at);
#endif
      Pack<output_t, CHANNELS> y;
#pragma unroll
      for (int k = 0; k < CHANNELS; ++k) {
        float residual = 0;
#if HAS_RESIDUAL
        residual = (float)load(residuals.items[k]);
#endif
        y.items[k] = finish(sums[o][u][k], 1.0f, biases[k], residual, p.residual_scale, p.output_scale);
      }
      *(Pack<output_t, CHANNELS>*)((output_t*)p.y + at) = y;
    }
  }
}
