// reference.evaluate: any operator by its reference, or by the references of what it decomposes into, on linear tensors. It allocates
// as it runs; it is there to be right.
#include <cstring>

#include "operators/plugin.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

// What a borrowed array of no elements points to: an array without data would mean an input that is left out.
const std::byte kNothing[64] = {};

struct ReferenceKernel;

struct ReferenceLaunch final : Launch {
  const ReferenceKernel& kernel;
  std::vector<Shape> inputs, outputs;
  std::unique_ptr<Network> network;  // of an operator that only decomposes
  mutable std::vector<Shape> produced;

  explicit ReferenceLaunch(const ReferenceKernel& kernel) : kernel(kernel) {}
  Status run(const RunArguments& arguments) const override;
  std::vector<Shape> produced_shapes() const override { return produced; }
};

struct ReferenceKernel final : Kernel {
  std::shared_ptr<const Operator> op;
  TensorTypes inputs, outputs;
  std::vector<Array> constants;
  std::vector<bool> present;

  bool is_left_out(size_t input) const { return input < present.size() && !present[input]; }
  bool is_constant_input(size_t input) const { return input < constants.size() && constants[input].data() != nullptr; }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& input_shapes, const std::vector<Shape>& output_shapes) const override {
    if (input_shapes.size() < inputs.size())
      return internal(std::string(op->name()) + " has " + std::to_string(inputs.size()) + " inputs, but shapes of " +
                      std::to_string(input_shapes.size()) + " are given");
    auto result = std::make_unique<ReferenceLaunch>(*this);
    result->inputs = input_shapes;
    result->outputs = output_shapes;
    if (!op->has_reference()) {
      TRY_ASSIGN(result->network, decomposed(input_shapes));
    }
    return std::unique_ptr<Launch>(std::move(result));
  }

  // The network of simpler layers for these shapes. Its inputs are the layer's that are neither constant nor left out, in order.
  Result<std::unique_ptr<Network>> decomposed(const std::vector<Shape>& shapes) const {
    auto network = std::make_unique<Network>();
    std::vector<Tensor*> tensors;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (is_left_out(i)) {
        tensors.push_back(nullptr);
      } else if (is_constant_input(i)) {
        tensors.push_back(network->add_constant("constant" + std::to_string(i), constants[i]));
      } else {
        TensorType type = inputs[i];
        type.dims = to_dims(shapes[i]);
        if (type.values && !all_constant(*type.values)) type.values.reset();
        TRY_ASSIGN(Tensor * input, network->add_input("input" + std::to_string(i), type));
        tensors.push_back(input);
      }
    }
    auto results = op->decompose(*network, tensors);
    if (!results.ok()) return std::move(results).error().within("decomposition of " + std::string(op->name()));
    for (Tensor* tensor : *results) TRY(network->mark_output(tensor));
    return network;
  }
};

Status ReferenceLaunch::run(const RunArguments& arguments) const {
  Arrays values;
  for (size_t i = 0; i < kernel.inputs.size(); ++i) {
    if (kernel.is_left_out(i)) {
      if (!network) values.emplace_back();
    } else if (kernel.is_constant_input(i)) {
      if (!network) values.push_back(kernel.constants[i]);
    } else {
      const void* data = arguments.inputs[i] ? arguments.inputs[i] : kNothing;
      values.push_back(Array::borrow(kernel.inputs[i].type, inputs[i], data, nullptr));
    }
  }
  Result<Arrays> results = network ? network->evaluate(values) : kernel.op->evaluate(values);
  if (!results.ok()) return std::move(results).error().within("reference of " + std::string(kernel.op->name()));
  bool as_inferred = true;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i >= results->size())
      return internal("the reference of " + std::string(kernel.op->name()) + " gives no output " + std::to_string(i));
    const Array& result = (*results)[i];
    TRY_ASSIGN(int64_t room, volume(outputs[i]));
    if (result.count() > room || (i < kernel.outputs.size() && result.type() != kernel.outputs[i].type))
      return internal("the reference of " + std::string(kernel.op->name()) + " gives " + std::string(name_of(result.type())) + " " +
                      to_text(result.shape()) + " as output " + std::to_string(i) + ", which has room for " + to_text(outputs[i]));
    if (arguments.outputs[i] && result.byte_count() > 0) std::memcpy(arguments.outputs[i], result.data(), result.byte_count());
    as_inferred = as_inferred && result.shape() == outputs[i];
  }
  produced.clear();
  if (!as_inferred) {
    for (size_t i = 0; i < outputs.size(); ++i) produced.push_back((*results)[i].shape());
  }
  return Ok{};
}

struct ReferenceEvaluate final : Tactic {
  std::string_view name() const override { return "reference.evaluate"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(problem.op->has_reference() || problem.op->has_decomposition(),
             std::string(problem.op->name()) + " has neither a reference nor a decomposition");
    REQUIRES(!dynamic_cast<const Plugin*>(problem.op), "a program's code runs where its device is, in the formats that it takes");
    return all_linear(problem);
  }

  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ReferenceKernel>();
    kernel->op = problem.op->clone();
    kernel->inputs = problem.inputs;
    kernel->outputs = problem.outputs;
    kernel->constants = problem.constants;
    kernel->present = problem.present;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  // Plain loops: about 20 ns an element, far behind every other tactic.
  std::optional<double> estimate_ms(const Problem& problem) const override {
    double elements = 1;
    for (const Shape& shape : problem.opt_inputs) elements += static_cast<double>(volume(shape).value_or(0));
    return 1.0 + elements * 2e-5;
  }
};

}  // namespace

TACTIC(ReferenceEvaluate, reference, evaluate)

}  // namespace ingot
