#include "tactics/cuda/library_product.h"

namespace ingot::cuda {

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

Result<Shape> tuned_output(const Problem& problem) {
  TensorTypes types = problem.inputs;
  for (size_t i = 0; i < types.size(); ++i) {
    if (is_present(problem, i)) types[i].dims = to_dims(problem.opt_inputs[i]);
  }
  const auto outputs = problem.op->infer(types);
  if (!outputs.ok()) return unsupported(outputs.error().message);
  return constant_shape((*outputs)[0].dims);
}

double input_elements(const Problem& problem) {
  double elements = 0;
  for (const Shape& shape : problem.opt_inputs) elements += static_cast<double>(volume(shape).value_or(0));
  return elements;
}

EpiloguePlan epilogue_plan(const Problem& problem, const EpilogueFields& fields) {
  EpiloguePlan plan;
  plan.bias = has_input(problem, 2);
  const std::string text = fields.epilogue.text();
  const bool alike = has_input(problem, 3) && problem.inputs[3].type == problem.outputs[0].type;
  if (text == "x0") return plan;
  if (text == "relu(x0)")
    plan.relu = true;
  else if (alike && (text == "add(x0, x1)" || text == "add(x1, x0)"))
    plan.residual = true;
  else if (alike && (text == "relu(add(x0, x1))" || text == "relu(add(x1, x0))"))
    plan.relu = plan.residual = true;
  else
    plan.rest = true;
  return plan;
}

Status accepts_library_product(const Problem& problem, const EpilogueFields& fields) {
  const DataType type = problem.inputs[0].type;
  REQUIRES(type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFloat,
           "the operands are of type " + std::string(name_of(type)));
  REQUIRES(!fields.is_quantized() && fields.sum_scale == 0 && fields.residual_scale == 0 && fields.output_scale == 0,
           "the layer is quantized");
  REQUIRES(!has_input(problem, 2) || (is_constant(problem, 2) && is_floating(problem.inputs[2].type)), "the bias is no constant");
  REQUIRES(!has_input(problem, 3) || is_floating(problem.inputs[3].type), "the residual is no tensor of floats");
  return Ok{};
}

Result<DeviceMemory> library_bias(CudaDevice& device, const Problem& problem, const EpiloguePlan& plan) {
  if (!plan.bias) return DeviceMemory();
  const Array& given = problem.constants[2];
  TRY_ASSIGN(Array bias, Array::make(problem.outputs[0].type, given.shape()));
  bias.mutable_data();
  for (int64_t i = 0; i < given.count(); ++i) bias.set_number(i, given.number(i));
  return uploaded(device, bias);
}

Result<Rest> Rest::make(CudaDevice& device, const Problem& problem, const EpilogueFields& fields, const EpiloguePlan& plan, int64_t count) {
  Rest rest;
  rest.is_needed_ = plan.rest;
  rest.count_ = count;
  if (!plan.rest) return rest;
  const bool has_residual = has_input(problem, 3);
  const DataType output = problem.outputs[0].type, residual = has_residual ? problem.inputs[3].type : DataType::kFloat;
  TRY_ASSIGN(rest.finish_, Finish::make(device, fields, output, has_residual, residual, output, count));
  return rest;
}

Status Rest::run(void* y, const void* residual, Stream stream) const {
  return is_needed_ ? finish_.run(y, residual, y, count_, stream) : Status(Ok{});
}

Result<std::unique_ptr<Launch>> launch_by(std::string_view tactic, const Problem& problem, const std::vector<Shape>& shapes,
                                          const std::vector<Shape>& outputs) {
  const Tactic* other = TacticCatalogue::instance().find(tactic);
  if (!other) return unsupported("no engine serves these shapes, and " + std::string(tactic) + " is switched off");
  TRY_ASSIGN(std::unique_ptr<Kernel> kernel, other->prepare(problem, {}));
  return kernel->launch(shapes, outputs);
}

}  // namespace ingot::cuda
