// ONNX nodes whose axes come as a tensor that is known only at run time: the same said for all axes, by layers.
#pragma once

#include "network/network.h"

namespace ingot {

// [rank] numbers: values[i] at axes[i], `fallback` elsewhere. Negative axes count from the end.
Result<Tensor*> spread_over_axes(Network& network, Tensor* values, Tensor* axes, int64_t rank, int64_t fallback);
// x without the dims `axes`, and x with dims of 1 put in at `axes` of the output.
Result<Tensor*> squeeze_at_run_time(Network& network, Tensor* x, Tensor* axes, const std::string& name);
Result<Tensor*> unsqueeze_at_run_time(Network& network, Tensor* x, Tensor* axes, const std::string& name);

}  // namespace ingot
