// ONNX Softmax, LogSoftmax and Hardmax before version 13 work on the input flattened to two dimensions at `axis`.
#pragma once

#include <functional>

#include "network/network.h"

namespace ingot {

// Adds `along(x, axis)` to the network: over the one axis from version 13 on (default -1); before that (default 1) over all dimensions
// from `axis` on together, with reshapes around it where there are several.
Result<Tensor*> along_onnx_axis(const OnnxNode& node, Network& network,
                                const std::function<Result<Tensor*>(Tensor* x, int64_t axis)>& along);

}  // namespace ingot
