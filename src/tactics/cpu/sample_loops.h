// Sums of weighted elements that lie anywhere, for layers that sample planes between their elements.
#pragma once

#include <cstdint>

namespace ingot {

struct SampleLoops {
  // y[i] = the sum of weights[t * pitch + i] * x[places[t * pitch + i]] over t < taps; what has the weight 0 is not counted, for it might
  // be no number.
  void (*elements)(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count);
  // The same of pairs of neighbours in memory: weights[t * 2 * pitch + 2 * i + k] * x[places[t * pitch + i] + k] for k < 2.
  void (*pairs)(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count);
};
const SampleLoops& sample_loops();
const SampleLoops& sample_loops_portable();
const SampleLoops& sample_loops_avx2();
const SampleLoops& sample_loops_avx512();

}  // namespace ingot
