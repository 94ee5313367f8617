// Kernels that evaluate one expression over tensors that broadcast to their output.
#pragma once

#include <functional>

#include "tactics/cpu/expression_tiles.h"
#include "tactics/layout.h"

namespace ingot {

// How the inputs' dims stand against the output's, where they do not follow NumPy's rule: the shape that input `index` broadcasts from.
using BroadcastShape = std::function<Shape(size_t index, const Shape& own, const Shape& output)>;

// Takes formats and constants from the problem; inputs that are left out must not be read by the expression.
std::unique_ptr<Kernel> broadcast_kernel(const Problem& problem, CompiledExpression expression, BroadcastShape shape_of = nullptr);
// Formats with strides, no more inputs than loops take; constants linear.
Status accepts_broadcast(const Problem& problem);
// All linear; or channels last, where inputs of a lower rank than the output stay linear.
std::vector<Tactic::Formats> broadcast_formats(const Problem& problem);
std::optional<double> broadcast_estimate_ms(const Problem& problem, const CompiledExpression& expression);

}  // namespace ingot
