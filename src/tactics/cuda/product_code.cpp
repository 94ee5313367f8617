#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

// What sums of products of a type are kept in.
DataType accumulator_of(DataType type) {
  if (type == DataType::kDouble) return DataType::kDouble;
  if (is_floating(type)) return DataType::kFloat;
  return bits_of(type) <= 8 ? DataType::kInt32 : DataType::kInt64;
}

}  // namespace

Result<std::string> product_definitions(const Problem& problem, const EpilogueFields& fields) {
  const DataType a = problem.inputs[0].type, b = problem.inputs[1].type, sum = accumulator_of(a);
  const bool bias = has_input(problem, 2), residual = has_input(problem, 3);
  TRY_ASSIGN(std::string code, finish_function(fields, sum, bias, residual, problem.outputs[0].type));
  const std::string term = sum == DataType::kDouble  ? "double"
                           : sum == DataType::kFloat ? "float"
                           : sum == DataType::kInt32 ? "int"
                                                     : "int64";
  code += "typedef " + storage_type(a) + " A;\ntypedef " + storage_type(b) + " B;\ntypedef " + term + " TERM;\n";
  if (bias) code += "typedef " + storage_type(problem.inputs[2].type) + " BIAS;\n";
  if (residual) code += "typedef " + storage_type(problem.inputs[3].type) + " RESIDUAL;\n";
  return code;
}

Status accepts_product(const Problem& problem, const EpilogueFields& fields) {
  REQUIRES(problem.inputs.size() >= 2 && is_present(problem, 0) && is_present(problem, 1), "an operand is left out");
  TRY(has_known_types(problem));
  TRY(has_plain_formats(problem));
  REQUIRES(problem.inputs[0].type != DataType::kBool, "the operands are bools");
  auto code = product_definitions(problem, fields);
  if (!code.ok()) return std::move(code).error();
  return Ok{};
}

Result<DeviceMemory> product_scales(CudaDevice& device, const EpilogueFields& fields, int64_t channels) {
  if (!fields.is_quantized()) return DeviceMemory();
  std::vector<float> scales;
  for (int64_t c = 0; c < channels; ++c) scales.push_back(static_cast<float>(fields.input_scale * fields.weight_scale(c)));
  return uploaded(device, scales.data(), scales.size() * sizeof(float));
}

bool is_channels_last_problem(const Problem& problem) { return output_format(problem, 0) != Format::kLinear; }

Status accepts_window_product(const Problem& problem, const EpilogueFields& fields) {
  TRY(accepts_product(problem, fields));
  const int64_t rank = problem.inputs[0].rank();
  REQUIRES(rank >= 3 && rank <= 5, "the rank is " + std::to_string(rank));
  REQUIRES(!fields.is_quantized() || problem.outputs[0].dims[1].is_constant(), "the number of quantized channels is open");
  REQUIRES(problem.inputs[0].type == problem.inputs[1].type || (bits_of(problem.inputs[0].type) == 8 && is_integer(problem.inputs[0].type)),
           "the operands differ in type");
  const Format format = output_format(problem, 0);
  REQUIRES(input_format(problem, 0) == format && !is_constant(problem, 0),
           "the input and the output lie in different formats, or the input is a constant");
  REQUIRES(input_format(problem, 1) == Format::kLinear, "the weights are not linear");
  REQUIRES(is_constant(problem, 1) || format == Format::kLinear, "the weights are no constant");
  if (has_input(problem, 3)) {
    REQUIRES(problem.inputs[3].dims == problem.outputs[0].dims, "the residual is broadcast");
    REQUIRES(is_constant(problem, 3) ? format == Format::kLinear : input_format(problem, 3) == format,
             "the residual lies in another format");
  }
  return Ok{};
}

std::vector<Tactic::Formats> window_formats(const Problem& problem) {
  const std::vector<Format> linear(problem.inputs.size(), Format::kLinear);
  std::vector<Tactic::Formats> result{{linear, std::vector<Format>(problem.outputs.size(), Format::kLinear)}};
  Tactic::Formats last{linear, std::vector<Format>(problem.outputs.size(), Format::kChannelsLast)};
  for (size_t i : {size_t{0}, size_t{3}}) {
    if (i < problem.inputs.size() && is_present(problem, i) && !is_constant(problem, i)) last.inputs[i] = Format::kChannelsLast;
  }
  result.push_back(std::move(last));
  return result;
}

Result<WindowParameters> window_parameters(const WindowGeometry& geometry, bool channels_last, const EpilogueFields& fields) {
  WindowParameters p{};
  const int64_t least = std::max(geometry.input_count() * geometry.input_channels, geometry.output_count() * geometry.output_channels);
  if (least >= INT32_MAX || geometry.batch >= INT32_MAX) return unsupported("an image has more than 2^31 elements");
  p.batch = static_cast<int>(geometry.batch);
  p.groups = static_cast<int>(geometry.groups);
  p.group_inputs = static_cast<int>(geometry.group_inputs());
  p.group_outputs = static_cast<int>(geometry.group_outputs());
  for (int d = 0; d < 3; ++d) {
    p.input[d] = static_cast<int>(geometry.input[d]);
    p.output[d] = static_cast<int>(geometry.output[d]);
    p.kernel[d] = static_cast<int>(geometry.kernel[d]);
    p.stride[d] = static_cast<int>(geometry.strides[d]);
    p.dilation[d] = static_cast<int>(geometry.dilations[d]);
    p.pad[d] = static_cast<int>(geometry.pads[d]);
  }
  p.x_image = geometry.input_count() * geometry.input_channels;
  p.y_image = geometry.output_count() * geometry.output_channels;
  p.x_channel = channels_last ? 1 : geometry.input_count();
  p.y_channel = channels_last ? 1 : geometry.output_count();
  p.x_pixel = channels_last ? geometry.input_channels : 1;
  p.y_pixel = channels_last ? geometry.output_channels : 1;
  p.residual_image = p.y_image;
  p.residual_channel = p.y_channel;
  p.residual_pixel = p.y_pixel;
  p.residual_scale = static_cast<float>(fields.residual_scale);
  p.output_scale = static_cast<float>(fields.output_scale);
  return p;
}

void set_pointers(WindowParameters* p, const Operands& operands, const RunArguments& arguments, size_t inputs) {
  p->x = operands.at(arguments, 0);
  p->w = operands.at(arguments, 1);
  p->bias = inputs > 2 ? operands.at(arguments, 2) : nullptr;
  p->residual = inputs > 3 ? operands.at(arguments, 3) : nullptr;
  p->y = arguments.outputs[0];
}

Result<Array> permuted(const Array& array, const Shape& shape, const std::vector<size_t>& order) {
  const Shape strides = reordered(row_major_strides(shape), order), result_shape = reordered(shape, order);
  TRY_ASSIGN(Array result, Array::make(array.type(), result_shape));
  if (array.count() == 0) return result;
  // The last dim in a plain loop: weights of large networks pass here at each load.
  const int64_t inner = result_shape.back(), step = strides.back();
  Shape outer = result_shape;
  outer.back() = 1;
  const auto copy = [&](auto element) {
    using Element = decltype(element);
    const auto* from = static_cast<const Element*>(array.data());
    auto* to = static_cast<Element*>(result.mutable_data());
    for (IndexWalk walk(outer); !walk.done(); walk.next()) {
      int64_t at = 0;
      for (size_t d = 0; d < strides.size(); ++d) at += walk.index()[d] * strides[d];
      for (int64_t i = 0; i < inner; ++i) *to++ = from[at + i * step];
    }
  };
  switch (bits_of(array.type())) {
    case 8: copy(uint8_t{}); break;
    case 16: copy(uint16_t{}); break;
    case 32: copy(uint32_t{}); break;
    case 64: copy(uint64_t{}); break;
    default: return unsupported("elements of type " + std::string(name_of(array.type())) + " are not permuted");
  }
  return result;
}

}  // namespace ingot::cuda
