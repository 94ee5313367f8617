// Sizes of a convolution, pooling or deconvolution, all with three spatial dimensions: depth, height, width; missing ones are 1.
#pragma once

#include "operators/window.h"
#include "tactics/tactic.h"

namespace ingot {

struct WindowGeometry {
  int64_t batch = 0, groups = 1;
  int64_t input_channels = 0, output_channels = 0;  // in all groups
  int64_t input[3] = {1, 1, 1}, output[3] = {1, 1, 1}, kernel[3] = {1, 1, 1};
  int64_t strides[3] = {1, 1, 1}, dilations[3] = {1, 1, 1}, pads[3] = {0, 0, 0};  // pads before the first element

  int64_t input_count() const { return input[0] * input[1] * input[2]; }  // positions of an image
  int64_t output_count() const { return output[0] * output[1] * output[2]; }
  int64_t kernel_count() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t group_inputs() const { return input_channels / groups; }
  int64_t group_outputs() const { return output_channels / groups; }
};

// x [N, C, spatial...], y [N, M, spatial...]; `kernel` and the window's lists have an entry for each spatial dimension.
inline WindowGeometry window_geometry(const Window& window, const Window::Pads& pads, const Shape& kernel, int64_t groups, const Shape& x,
                                      const Shape& y) {
  WindowGeometry geometry;
  geometry.batch = x[0];
  geometry.groups = groups;
  geometry.input_channels = x[1];
  geometry.output_channels = y[1];
  const size_t spatial = x.size() - 2;
  for (size_t d = 0; d < spatial; ++d) {
    const size_t to = 3 - spatial + d;
    geometry.input[to] = x[d + 2];
    geometry.output[to] = y[d + 2];
    geometry.kernel[to] = kernel[d];
    geometry.strides[to] = window.stride(d);
    geometry.dilations[to] = window.dilation(d);
    geometry.pads[to] = pads.begin[d];
  }
  return geometry;
}

}  // namespace ingot
