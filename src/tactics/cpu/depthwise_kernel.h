// One row of outputs of a depthwise convolution, channels-last: each channel has a window of its own.
#pragma once

#include "tactics/cpu/tile_kernel.h"

namespace ingot {

struct DepthwiseRow {
  // Lines of the kernel that lie inside the image: input row (pixel 0, channel 0) and weights [taps][weight_stride] in float.
  const void* const* lines;
  const float* const* weights;
  int line_count;
  int64_t weight_stride;
  int64_t taps, stride, dilation, pad;  // along the row
  int64_t input_width, output_width;
  int64_t channels;                     // elements between neighbouring pixels, in and out
  int64_t first_channel, last_channel;  // the range to compute; starts at a multiple of 16
  void* output;                         // pixel 0, channel 0
  const void* residual;
  const Finish* finish;
};

// Sums in float: of 8-bit elements too, exact for up to 512 taps.
using DepthwiseKernel = void (*)(const DepthwiseRow& row);
DepthwiseKernel depthwise_kernel(DataType input, Isa isa);

namespace portable {
DepthwiseKernel depthwise_kernel(DataType input);
}
namespace avx2 {
DepthwiseKernel depthwise_kernel(DataType input);
}
namespace avx512 {
DepthwiseKernel depthwise_kernel(DataType input);
}
namespace bf16 {
DepthwiseKernel depthwise_kernel(DataType input);
}

}  // namespace ingot
