// Sliding windows over channels-last tensors: a thread makes one output of CHANNELS neighbouring channels, 16 bytes of x. KIND: 0 maximum,
// 1 average; COUNT_PADDING: the average's divisor counts padding.
extern "C" __global__ void __launch_bounds__(128) pool_vectors(const WindowParameters p) {
  const int channels = p.groups, parts = channels / CHANNELS, pixels = p.output[1] * p.output[2];
  const int64 i = (int64)blockIdx.x * 128 + threadIdx.x, at = i / parts;
  if (at >= (int64)p.batch * pixels) return;
  const int channel = (int)(i % parts) * CHANNELS, pixel = (int)(at % pixels);
  const int64 image = at / pixels;
  const int row0 = pixel / p.output[2] * p.stride[1] - p.pad[1], column0 = pixel % p.output[2] * p.stride[2] - p.pad[2];
  const X* x = (const X*)p.x + image * p.x_image + channel;
  float values[CHANNELS];
#pragma unroll
  for (int k = 0; k < CHANNELS; ++k) values[k] = KIND == 0 ? __int_as_float((int)0xff800000u) : 0.0f;
  int inside = 0, counted = 0;
  for (int h = 0; h < p.kernel[1]; ++h) {
    const int row = row0 + h * p.dilation[1];
    for (int v = 0; v < p.kernel[2]; ++v) {
      const int column = column0 + v * p.dilation[2];
      counted += row < p.input[1] + p.pad_end[1] && column < p.input[2] + p.pad_end[2];
      if (row < 0 || row >= p.input[1] || column < 0 || column >= p.input[2]) continue;
      ++inside;
      const Pack<X, CHANNELS> own = *(const Pack<X, CHANNELS>*)(x + ((int64)row * p.input[2] + column) * channels);
#pragma unroll
      for (int k = 0; k < CHANNELS; ++k) {
        const float value = load(own.items[k]);
        values[k] = KIND == 0 ? (values[k] != values[k] || value <= values[k] ? values[k] : value) : values[k] + value;
      }
    }
  }
  const float divisor = (float)(COUNT_PADDING ? counted : inside);
  Pack<X, CHANNELS> y;
#pragma unroll
  for (int k = 0; k < CHANNELS; ++k) y.items[k] = store<X>(KIND == 0 ? values[k] : divisor != 0 ? values[k] / divisor : 0.0f);
  *(Pack<X, CHANNELS>*)((X*)p.y + image * p.y_image + (int64)pixel * channels + channel) = y;
}
