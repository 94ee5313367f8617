// Reading the inputs of an ONNX node, with errors that name what is missing.
#pragma once

#include "network/network.h"

namespace ingot {

// Input `index`, which the operator cannot do without.
Result<Tensor*> required_input(const OnnxNode& node, size_t index);
// The first `count` inputs, or all where -1; none may be missing.
Result<std::vector<Tensor*>> required_inputs(const OnnxNode& node, int64_t count = -1);
// The values of input `index`, which must be known now; `what` says in the error what they are.
Result<Array> constant_input(const OnnxNode& node, size_t index, std::string_view what);
// A constant of one element and of the type of `like`, which must not be an 8-bit float or smaller.
Tensor* add_scalar(Network& network, const Tensor* like, double value);

}  // namespace ingot
