// Growing the expression that a layer applies to its result.
#pragma once

#include <optional>
#include <vector>

#include "network/network.h"
#include "operators/elementwise.h"

namespace ingot {

// The node that stands for the result so far.
int32_t result_of(const Expression& expression);
// Adds `op` behind the result; `operands` in order: nothing for the result itself, a number for a constant. False where it changes the
// type.
bool append_node(Expression& expression, const Elementwise& op, const std::vector<std::optional<double>>& operands);
// Adds op(result, input x1) in the order given.
void append_with_residual(Expression& expression, ScalarOp op, bool residual_first);

// Whether it is of the form that kernels of products compute on their tiles: bounds(activation(x0 + x1)), or x1 + bounds(activation(x0)),
// any part left out, with a snap behind each part. Others run faster as a pointwise layer of their own.
bool is_common_epilogue(const Expression& expression);

// All readers of `tensor` are `layer`, and it is no output of the network.
bool is_read_only_by(const Tensor& tensor, const Layer& layer);
// The tensor is a product in floating point (or a quantized one with a floating-point result), whose epilogue may take one more function.
bool may_grow_epilogue(const Tensor& tensor);

}  // namespace ingot
