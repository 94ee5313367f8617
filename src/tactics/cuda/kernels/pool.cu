// Sliding windows: a thread makes one output element of type Y from elements of type X. KIND: 0 maximum, 1 average, 2 p-norm, 3 blend.
// LOADED and STORED come with the scales around it. WITH_INDICES 1: where the maximum stands in x, counted over all of x; COLUMN_MAJOR 1: with
// the last spatial dimension slowest.
extern "C" __global__ void __launch_bounds__(256) pool(const WindowParameters p, const float exponent, const float blend, int64* indices) {
  const int pixels = p.output[0] * p.output[1] * p.output[2], channels = p.groups;
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
  const X* x = (const X*)p.x + image * p.x_image + (int64)channel * p.x_channel;
  REAL most = (REAL)START_MOST, sum = 0;
  int64 best = -1;
  int inside = 0, counted = 1;
  // Taps inside x and its padding; a window that was rounded up may reach beyond both.
  for (int d = 0; d < 3; ++d) {
    int taps = 0;
    for (int k = 0; k < p.kernel[d]; ++k) {
      const int at = places[d] * p.stride[d] - p.pad[d] + k * p.dilation[d];
      taps += at >= -p.pad[d] && at < p.input[d] + p.pad_end[d];
    }
    counted *= taps;
  }
  for (int z = 0; z < p.kernel[0]; ++z) {
    const int az = places[0] * p.stride[0] - p.pad[0] + z * p.dilation[0];
    if (az < 0 || az >= p.input[0]) continue;
    for (int h = 0; h < p.kernel[1]; ++h) {
      const int ah = places[1] * p.stride[1] - p.pad[1] + h * p.dilation[1];
      if (ah < 0 || ah >= p.input[1]) continue;
      for (int v = 0; v < p.kernel[2]; ++v) {
        const int av = places[2] * p.stride[2] - p.pad[2] + v * p.dilation[2];
        if (av < 0 || av >= p.input[2]) continue;
        const REAL value = LOADED(x[(((int64)az * p.input[1] + ah) * p.input[2] + av) * p.x_pixel]);
        ++inside;
#if WITH_INDICES
        if (best < 0 || !(most != most || value <= most))
          best = COLUMN_MAJOR ? ((int64)av * p.input[1] + ah) * p.input[0] + az : ((int64)az * p.input[1] + ah) * p.input[2] + av;
#endif
        if (KIND == 0 || KIND == 3) most = most != most || value <= most ? most : value;
        if (KIND == 1 || KIND == 3) sum += value;
#if KIND == 2
        sum += exponent == 2.0f ? value * value : (REAL)m_pow((REAL)m_abs((REAL)value), (REAL)exponent);
#endif
      }
    }
  }
  (void)best, (void)inside, (void)indices;
  const REAL divisor = (REAL)(COUNT_PADDING ? counted : inside);
  REAL result = most;
  if (KIND == 1) result = divisor != 0 ? sum / divisor : (REAL)0;
#if KIND == 2  // floats alone have these functions
  result = exponent == 2.0f ? (REAL)m_sqrt(sum) : (REAL)m_pow(sum, (REAL)1 / (REAL)exponent);
#endif
  if (KIND == 3) result = ((REAL)1 - (REAL)blend) * most + (REAL)blend * (divisor != 0 ? sum / divisor : (REAL)0);
  ((Y*)p.y)[image * p.y_image + (int64)channel * p.y_channel + (int64)pixel * p.y_pixel] = STORED(result);
#if WITH_INDICES
  const int64 elements = (int64)p.input[0] * p.input[1] * p.input[2];
  indices[image * p.y_image + (int64)channel * p.y_channel + (int64)pixel * p.y_pixel] = best < 0 ? 0 : (image * channels + channel) * elements + best;
#endif
}
