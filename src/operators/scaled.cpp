#include "operators/scaled.h"

#include <fmt/format.h>

#include <cmath>

namespace ingot {

Result<TensorTypes> ScaledFields::real_inputs(TensorTypes inputs) const {
  for (double scale : {input_scale, output_scale}) {
    if (!(scale >= 0) || std::isinf(scale)) return invalid(fmt::format("the scale {} is not a finite positive number", scale));
  }
  if (input_scale == 0 || inputs.empty()) return inputs;
  if (inputs[0].type != DataType::kInt8)
    return invalid(fmt::format("input_scale is for an input of int8, not {}", name_of(inputs[0].type)));
  inputs[0].type = DataType::kFloat;
  return inputs;
}

Result<Arrays> ScaledFields::real_inputs(Arrays inputs) const {
  if (input_scale == 0) return inputs;
  TRY_ASSIGN(Array x, Array::make(DataType::kFloat, inputs[0].shape()));
  for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, inputs[0].number(i) * input_scale);
  inputs[0] = std::move(x);
  return inputs;
}

TensorTypes ScaledFields::scaled_output(TensorType y) const {
  if (output_scale != 0) y = TensorType{DataType::kInt8, std::move(y.dims)};
  return {std::move(y)};
}

Result<Arrays> ScaledFields::scaled_output(Array y) const {
  if (output_scale == 0) return Arrays{std::move(y)};
  TRY_ASSIGN(Array output, Array::make(DataType::kInt8, y.shape()));
  for (int64_t i = 0; i < y.count(); ++i) output.set_number(i, y.number(i) / output_scale);
  return Arrays{std::move(output)};
}

}  // namespace ingot
