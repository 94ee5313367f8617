// Kernels that evaluate one generated function over tensors that broadcast to their output.
#pragma once

#include <functional>

#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// How the inputs' dims stand against the output's, where they do not follow NumPy's rule: the shape that input `index` broadcasts from.
using BroadcastShape = std::function<Shape(size_t index, const Shape& own, const Shape& output)>;

// `function` is the code of `compute`, one parameter an input; those that are left out are given 0.
Result<std::unique_ptr<Kernel>> pointwise_kernel(const Problem& problem, std::string function, BroadcastShape shape_of = nullptr);
// Types and formats that such kernels take, and no more inputs.
Status accepts_pointwise(const Problem& problem);
// All linear; or channels last, where inputs of a lower rank than the output stay linear.
std::vector<Tactic::Formats> pointwise_formats(const Problem& problem);

}  // namespace ingot::cuda
