#include "tactics/cpu/plain_tactic.h"

#include <algorithm>

namespace ingot {
namespace {

constexpr int64_t kPartElements = 16 * 1024;
constexpr int64_t kMostParts = 256;
constexpr size_t kMostInputs = 16;

struct PlainKernel final : Kernel {
  const PlainTactic* tactic = nullptr;  // of the catalogue, which outlives all kernels
  std::shared_ptr<const Operator> op;
  TensorTypes inputs, outputs;
  std::vector<Array> constants;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& input_shapes, const std::vector<Shape>& output_shapes) const override;
};

struct PlainLaunch final : Launch {
  const PlainKernel& kernel;
  std::vector<Shape> inputs, outputs;
  std::shared_ptr<const void> tables;
  mutable std::vector<Shape> produced;

  explicit PlainLaunch(const PlainKernel& kernel) : kernel(kernel) {}
  size_t workspace_bytes() const override { return kernel.tactic->workspace_bytes(*kernel.op, inputs, outputs); }
  std::vector<Shape> produced_shapes() const override { return produced; }

  Status run(const RunArguments& arguments) const override {
    const void* in[kMostInputs] = {};
    for (size_t i = 0; i < kernel.inputs.size(); ++i)
      in[i] = i < kernel.constants.size() && kernel.constants[i].data() ? kernel.constants[i].data() : arguments.inputs[i];
    return kernel.tactic->run({*kernel.op, kernel.inputs, kernel.outputs, inputs, outputs, in, arguments.outputs, arguments.workspace,
                               tables.get(), *arguments.pool, produced});
  }
};

Result<std::unique_ptr<Launch>> PlainKernel::launch(const std::vector<Shape>& input_shapes, const std::vector<Shape>& output_shapes) const {
  auto result = std::make_unique<PlainLaunch>(*this);
  result->inputs = input_shapes;
  result->outputs = output_shapes;
  if (tactic->tells_shapes()) result->produced = output_shapes;
  result->tables = tactic->make_tables(*op, input_shapes, output_shapes);
  return std::unique_ptr<Launch>(std::move(result));
}

}  // namespace

int64_t PlainCall::integer(size_t input, int64_t index) const {
  return types[input].type == DataType::kInt64 ? from<int64_t>(input)[index] : from<int32_t>(input)[index];
}

int64_t PlainCall::parts_for(int64_t units, int64_t elements_of_unit) {
  const int64_t elements = units * std::max<int64_t>(1, elements_of_unit);
  return std::clamp<int64_t>(elements / kPartElements, 1, std::clamp<int64_t>(units, 1, kMostParts));
}

Result<std::unique_ptr<Kernel>> PlainTactic::prepare(const Problem& problem, const std::vector<PackedWeights>&) const {
  REQUIRES(problem.inputs.size() <= kMostInputs, std::to_string(problem.inputs.size()) + " inputs are more than 16");
  auto kernel = std::make_unique<PlainKernel>();
  kernel->tactic = this;
  kernel->op = problem.op->clone();
  kernel->inputs = problem.inputs;
  kernel->outputs = problem.outputs;
  kernel->constants = problem.constants;
  return std::unique_ptr<Kernel>(std::move(kernel));
}

std::optional<double> PlainTactic::estimate_ms(const Problem& problem) const {
  double elements = 0;
  for (const Shape& shape : problem.opt_inputs) elements += static_cast<double>(volume(shape).value_or(0));
  return 0.002 + elements * 1e-6;
}

Status accepts_plain_move(const Problem& problem) {
  REQUIRES(bits_of(problem.outputs[0].type) >= 8, std::string(name_of(problem.outputs[0].type)) + " elements are smaller than a byte");
  return all_linear(problem);
}

Status accepts_plain_floats(const Problem& problem, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs)
    REQUIRES(i >= problem.inputs.size() || !is_present(problem, i) || problem.inputs[i].type == DataType::kFloat,
             "input " + std::to_string(i) + " is " + std::string(name_of(problem.inputs[i].type)));
  for (const TensorType& output : problem.outputs)
    REQUIRES(output.type == DataType::kFloat, "an output is " + std::string(name_of(output.type)));
  return all_linear(problem);
}

}  // namespace ingot
