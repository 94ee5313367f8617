// What follows the sum of a convolution or a matrix product, and how its 8-bit operands are scaled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operators/expression.h"

namespace ingot {

// An element type that may be left open; a field of it holds the type's word, or "" where it is open.
struct OptionalType {
  std::optional<DataType> type;

  OptionalType() = default;
  OptionalType(DataType type) : type(type) {}
  bool has_value() const { return type.has_value(); }
  DataType operator*() const { return *type; }
  DataType value_or(DataType fallback) const { return type.value_or(fallback); }
  bool operator==(const OptionalType&) const = default;

  FieldValue to_field() const { return type ? std::string(name_of(*type)) : std::string(); }
  Status set_from_field(const FieldValue& field);
};

// acc        the sum of products; exact for integer operands
// sum      = acc * input_scale * weight_scales[c]     where input_scale is not 0; acc otherwise
// sum      = snap(sum, sum_scale)                     where sum_scale is not 0: to int8 and back before the bias (ScalarOp::kSnap)
// x0       = sum + bias[c]
// x1       = residual * residual_scale                where residual_scale is not 0; residual otherwise
// y        = epilogue(x0, x1)                         x0 where the epilogue is empty
// output   = to(y / output_scale)                     where output_scale is not 0: rounded half to even and saturated; to(y) otherwise
// c counts output channels: of a convolution those of its weights, of a matrix product the columns. A single weight scale serves all
// channels. Bias is floating point (or int32 for an unscaled integer sum) and has one value a channel. All steps after acc are float.
struct EpilogueFields {
  Expression epilogue;
  OptionalType to;         // of the output; open: int32 for unscaled integer operands, float for scaled ones, else the operands' type
  double input_scale = 0;  // 0 where the operands are not quantized
  std::vector<double> weight_scales;
  double sum_scale = 0;
  double residual_scale = 0;  // 0 where the residual is not quantized
  double output_scale = 0;    // 0 where the output is not quantized

  bool is_quantized() const { return input_scale != 0; }
  double weight_scale(int64_t channel) const {
    return weight_scales.empty() ? 1.0 : weight_scales[weight_scales.size() == 1 ? 0 : static_cast<size_t>(channel)];
  }

  template <class Visitor>
  void visit_epilogue(Visitor& visit) {
    visit("epilogue", epilogue);
    visit("to", to);
    visit("input_scale", input_scale);
    visit("weight_scales", weight_scales);
    visit("sum_scale", sum_scale);
    visit("residual_scale", residual_scale);
    visit("output_scale", output_scale);
  }

  // Type of the output for operands of type `operand`; an error names the scale or type at fault.
  Result<DataType> output_type(DataType operand, const Dim& channels) const;
  // Checks bias ([channels]) and residual (broadcastable to `output`), inputs[2] and inputs[3] where present.
  Status check_extra_inputs(const TensorTypes& inputs, const Dim& channels, const Dims& output) const;
  // Applies the lines above to one element; `accumulated` is acc, `bias` 0 and `residual` 0 where absent.
  double finish(double accumulated, int64_t channel, double bias, double residual) const;
  // The output from all sums, row-major; the channel of element i is (i / channel_stride) % channel_count. Bias and residual are inputs[2]
  // and inputs[3] where present. Integers may come as int64_t, so that sums of 32-bit products stay exact.
  Result<Array> finish_all(const std::vector<double>& sums, const Shape& shape, int64_t channel_count, int64_t channel_stride,
                           DataType type, const Arrays& inputs) const;
  Result<Array> finish_all(const std::vector<int64_t>& sums, const Shape& shape, int64_t channel_count, int64_t channel_stride,
                           DataType type, const Arrays& inputs) const;
};

// An input that is left out: as a type (a default one) and as an array (a default one).
bool is_absent(const TensorTypes& inputs, size_t index);
bool is_absent(const Arrays& inputs, size_t index);
// The types of arrays, for an evaluate that checks its inputs as infer does.
TensorTypes types_of(const Arrays& inputs);
// All elements as double, or as int64_t.
template <class T>
std::vector<T> load_all(const Array& array) {
  std::vector<T> values(static_cast<size_t>(array.count()));
  for (int64_t i = 0; i < array.count(); ++i) {
    if constexpr (std::is_integral_v<T>)
      values[static_cast<size_t>(i)] = array.integer(i);
    else
      values[static_cast<size_t>(i)] = array.number(i);
  }
  return values;
}

}  // namespace ingot
