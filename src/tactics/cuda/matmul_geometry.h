// A matrix product as sizes and strides: what all its tactics on the GPU start from.
#pragma once

#include "operators/matmul.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Batch dims that all operands walk as one are merged, and become rows where b serves them all. Pointers are left for the run.
Result<ProductParameters> matmul_geometry(const MatMul& op, const std::vector<Shape>& inputs, const Shape& output);
// How many products of matrices it is.
int64_t batch_count(const ProductParameters& parameters);

// All of it is one product with dense rows.
Status is_one_product(const ProductParameters& parameters);
// For the shapes to tune for, of a matrix product of linear tensors with one constant matrix, any epilogue, and a residual that lies as the
// output does; an error says what else it is.
Result<ProductParameters> constant_product(const Problem& problem);

}  // namespace ingot::cuda
