#include "operators/epilogue.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/scalar_functions.h"

namespace ingot {
namespace {

bool is_scaled_operand(DataType type) {
  return type == DataType::kInt8 || type == DataType::kUint8 || type == DataType::kFp8 || type == DataType::kFp8E5m2;
}

}  // namespace

Status OptionalType::set_from_field(const FieldValue& field) {
  const auto* word = std::get_if<std::string>(&field);
  if (!word) return detail::wrong_field_kind("to", "a type name, or \"\" for the usual type", field);
  if (word->empty()) {
    type.reset();
    return Ok{};
  }
  TRY_ASSIGN(type, data_type_from_name(*word));
  return Ok{};
}

Result<DataType> EpilogueFields::output_type(DataType operand, const Dim& channels) const {
  const auto count = static_cast<int64_t>(weight_scales.size());
  if (is_quantized()) {
    if (!is_scaled_operand(operand)) return invalid(fmt::format("input_scale is for operands of 8 bits, not {}", name_of(operand)));
    if (count > 1 && channels.is_constant() && channels.value() != count) {
      return invalid(fmt::format("there are {} weight scales for {} output channels; give one, or one a channel", count, channels.text()));
    }
  } else if (count > 0) {
    return invalid("weight_scales need an input_scale");
  }
  for (double scale : {input_scale, sum_scale, residual_scale, output_scale}) {
    if (!(scale >= 0) || std::isinf(scale)) return invalid(fmt::format("the scale {} is not a finite positive number", scale));
  }
  for (double scale : weight_scales) {
    if (!(scale > 0) || std::isinf(scale)) return invalid(fmt::format("the weight scale {} is not a finite positive number", scale));
  }
  const DataType usual = is_quantized()                                       ? DataType::kFloat
                         : is_integer(operand) && operand != DataType::kInt64 ? DataType::kInt32
                                                                              : operand;
  const DataType type = to.value_or(usual);
  if (output_scale != 0 && !is_scaled_operand(type)) {
    return invalid(fmt::format("output_scale is for outputs of 8 bits, not {}", name_of(type)));
  }
  return type;
}

Status EpilogueFields::check_extra_inputs(const TensorTypes& inputs, const Dim& channels, const Dims& output) const {
  if (!is_absent(inputs, 2)) {
    const TensorType& bias = inputs[2];
    if (bias.rank() != 1)
      return invalid("the bias has dims " + to_text(bias.dims) + "; it has one value a channel, [" + channels.text() + "]");
    if (bias.dims[0].is_constant() && channels.is_constant() && bias.dims[0] != channels) {
      return invalid(fmt::format("the bias has {} values for {} output channels", bias.dims[0].text(), channels.text()));
    }
  }
  if (!is_absent(inputs, 3)) {
    auto together = broadcast(output, inputs[3].dims);
    if (!together.ok() || together->size() != output.size()) {
      return invalid("the residual has dims " + to_text(inputs[3].dims) + ", which do not fit the output's " + to_text(output));
    }
  }
  const int needed = epilogue.input_count();
  const int given = is_absent(inputs, 3) ? 1 : 2;
  if (needed > given)
    return invalid(fmt::format("the epilogue '{}' reads x{}, but there is {}", epilogue.text(), needed - 1,
                               given == 1 ? "no residual" : "no such input"));
  return Ok{};
}

double EpilogueFields::finish(double accumulated, int64_t channel, double bias, double residual) const {
  double sum = accumulated;
  if (is_quantized()) sum *= input_scale * weight_scale(channel);
  if (sum_scale != 0) sum = snap_to_int8(sum, sum_scale);
  const double operands[2] = {sum + bias, residual_scale != 0 ? residual * residual_scale : residual};
  const double result = epilogue.empty() ? operands[0] : epilogue.evaluate_float(operands);
  return output_scale != 0 ? result / output_scale : result;
}

namespace {

// Where element i of an array of shape `wide` finds its value in one of shape `own` that broadcasts to it.
int64_t broadcast_index(const Shape& own, const Shape& wide, int64_t i) {
  int64_t at = 0, step = 1;
  for (size_t d = 0; d < own.size(); ++d) {
    const size_t from_end = own.size() - 1 - d, axis = wide.size() - 1 - d;
    if (own[from_end] != 1) at += i % wide[axis] * step;
    step *= own[from_end];
    i /= wide[axis];
  }
  return at;
}

template <class T>
Result<Array> finish_sums(const EpilogueFields& fields, const std::vector<T>& sums, const Shape& shape, int64_t channel_count,
                          int64_t channel_stride, DataType type, const Arrays& inputs) {
  TRY_ASSIGN(Array output, Array::make(type, shape));
  const bool has_bias = !is_absent(inputs, 2), has_residual = !is_absent(inputs, 3);
  // An integer sum without further arithmetic stays an integer.
  const bool exact = is_integer(type) && !fields.is_quantized() && fields.sum_scale == 0 && fields.output_scale == 0 &&
                     fields.epilogue.empty() && !has_residual;
  for (int64_t i = 0; i < output.count(); ++i) {
    const int64_t channel = i / channel_stride % channel_count;
    const T sum = sums[static_cast<size_t>(i)];
    if (exact) {
      const int64_t bias = has_bias ? inputs[2].integer(channel) : 0;
      output.set_integer(
          i, wrap_integer(type, static_cast<int64_t>(static_cast<uint64_t>(static_cast<int64_t>(sum)) + static_cast<uint64_t>(bias))));
      continue;
    }
    const double residual = has_residual ? inputs[3].number(broadcast_index(inputs[3].shape(), shape, i)) : 0;
    output.set_number(i, fields.finish(static_cast<double>(sum), channel, has_bias ? inputs[2].number(channel) : 0, residual));
  }
  return output;
}

}  // namespace

Result<Array> EpilogueFields::finish_all(const std::vector<double>& sums, const Shape& shape, int64_t channel_count, int64_t channel_stride,
                                         DataType type, const Arrays& inputs) const {
  return finish_sums(*this, sums, shape, channel_count, channel_stride, type, inputs);
}

Result<Array> EpilogueFields::finish_all(const std::vector<int64_t>& sums, const Shape& shape, int64_t channel_count,
                                         int64_t channel_stride, DataType type, const Arrays& inputs) const {
  return finish_sums(*this, sums, shape, channel_count, channel_stride, type, inputs);
}

bool is_absent(const TensorTypes& inputs, size_t index) { return index >= inputs.size() || inputs[index] == TensorType{}; }
bool is_absent(const Arrays& inputs, size_t index) {
  return index >= inputs.size() || (inputs[index].data() == nullptr && inputs[index].rank() == 0);
}

TensorTypes types_of(const Arrays& inputs) {
  TensorTypes types;
  for (size_t i = 0; i < inputs.size(); ++i) {
    types.push_back(is_absent(inputs, i) ? TensorType{} : TensorType{inputs[i].type(), to_dims(inputs[i].shape())});
  }
  return types;
}

}  // namespace ingot
