// Convolutions with one input channel a group: a thread makes one output element. Weights lie as [tap][output channel] where CHANNELS_LAST,
// else as [output channel][tap].
extern "C" __global__ void __launch_bounds__(256) depthwise(const WindowParameters p) {
  const int pixels = p.output[0] * p.output[1] * p.output[2], channels = p.groups * p.group_outputs;
  const int taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (int64)p.batch * pixels * channels) return;
  int channel, pixel;
  int64 image;
  if (CHANNELS_LAST) {
    channel = (int)(i % channels);
    pixel = (int)(i / channels % pixels);
    image = i / channels / pixels;
  } else {
    pixel = (int)(i % pixels);
    channel = (int)(i / pixels % channels);
    image = i / pixels / channels;
  }
  const int places[3] = {pixel / (p.output[1] * p.output[2]), pixel / p.output[2] % p.output[1], pixel % p.output[2]};
  const A* x = (const A*)p.x + image * p.x_image + (int64)(channel / p.group_outputs) * p.x_channel;
  const B* w = (const B*)p.w + (CHANNELS_LAST ? channel : (int64)channel * taps);
  const int w_step = CHANNELS_LAST ? channels : 1;
  accumulator_t sum = 0;
  for (int z = 0; z < p.kernel[0]; ++z) {
    const int az = places[0] * p.stride[0] - p.pad[0] + z * p.dilation[0];
    if (az < 0 || az >= p.input[0]) continue;
    for (int h = 0; h < p.kernel[1]; ++h) {
      const int ah = places[1] * p.stride[1] - p.pad[1] + h * p.dilation[1];
      if (ah < 0 || ah >= p.input[1]) continue;
      for (int v = 0; v < p.kernel[2]; ++v) {
        const int av = places[2] * p.stride[2] - p.pad[2] + v * p.dilation[2];
        if (av < 0 || av >= p.input[2]) continue;
        const int64 at = ((int64)az * p.input[1] + ah) * p.input[2] + av;
        sum += (accumulator_t)load(x[at * p.x_pixel]) * (accumulator_t)load(w[(int64)((z * p.kernel[1] + h) * p.kernel[2] + v) * w_step]);
      }
    }
  }
  output_t* y = (output_t*)p.y + image * p.y_image + (int64)channel * p.y_channel + (int64)pixel * p.y_pixel;
#if EXACT_BIAS
  int64 bias = 0;
#if HAS_BIAS
  bias = (int64)load(((const BIAS*)p.bias)[channel]);
#endif
  *y = finish_exactly(sum, bias);
#else
  real_t bias = 0, residual = 0;
  float scale = 1;
#if HAS_BIAS
  bias = (real_t)load(((const BIAS*)p.bias)[channel]);
#endif
#if HAS_RESIDUAL
  residual = (real_t)load(((const RESIDUAL*)p.residual)[image * p.residual_image + (int64)channel * p.residual_channel + (int64)pixel * p.residual_pixel]);
#endif
#if HAS_SCALES
  scale = ((const float*)p.scales)[channel];
#endif
  *y = finish(sum, scale, bias, residual, p.residual_scale, p.output_scale);
#endif
}
