// CUDA C++ for scalar expressions: the device functions that pointwise kernels and epilogues call.
#pragma once

#include <string>
#include <vector>

#include "operators/epilogue.h"
#include "operators/expression.h"

namespace ingot::cuda {

// "half_t": how elements lie in memory (kernels/prelude.cu). Empty for types that kernels do not know.
std::string storage_type(DataType type);
// "float": what load() makes of them, and what is computed with.
std::string compute_type(DataType type);

// `COMPUTE name(COMPUTE x0, COMPUTE x1, ...)`, the result in the compute type of `output`.
Result<std::string> expression_function(const std::string& name, const Expression& expression, const std::vector<DataType>& inputs,
                                        DataType output);
// The same of a Pointwise or Elementwise operator; an error where it is another.
Result<std::string> pointwise_function(const std::string& name, const Operator& op, const std::vector<DataType>& inputs, DataType output);
// `STORAGE finish(ACCUMULATOR sum, float scale, float bias, float residual, float residual_scale, float output_scale)`: what follows the
// sum of a product, `scale` being input_scale * weight_scale of the channel.
Result<std::string> finish_function(const EpilogueFields& fields, DataType accumulator, bool has_bias, bool has_residual, DataType output);

// A number as CUDA C++ writes it, exactly.
std::string number_code(double value, bool single);

}  // namespace ingot::cuda
