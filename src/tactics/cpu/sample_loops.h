// Sums of weighted elements that lie anywhere, for layers that sample planes between their elements.
#pragma once

#include <cstdint>

namespace ingot {

// y[i] = the sum of weights[t * pitch + i] * x[places[t * pitch + i]] over t < taps; what has the weight 0 is not read, for it might be no
// number.
using SamplePlane = void (*)(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y,
                             int64_t count);
SamplePlane sample_plane();
void sample_plane_avx2(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count);
void sample_plane_avx512(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count);

}  // namespace ingot
