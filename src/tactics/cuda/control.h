// What layers with bodies share on the GPU: the host decides what runs next, and all values stay in the device's memory.
#pragma once

#include "tactics/body.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Inputs and outputs of a layer with bodies, for given shapes.
struct ControlLaunch : Launch {
  CudaDevice* device = nullptr;
  std::shared_ptr<const Operator> op;
  Operands operands;
  Arrays constants;  // by input; without data where it is none
  bool allow_tf32 = false;
  std::vector<Shape> inputs, outputs;
  std::vector<DataType> types;  // of the outputs
  mutable std::vector<Shape> produced;

  std::vector<Shape> produced_shapes() const override { return produced; }
  // What holds for runs of all of them.
  Status check(const RunArguments& arguments) const;
  // Makes the bodies and what else the shapes tell.
  virtual Status open() { return Ok{}; }

  // Inputs from `first` on are the body's. The first `varying` of them are no constants to it, whatever they start from.
  Result<std::unique_ptr<Body>> body_of(const Network& network, size_t first, size_t varying = 0) const;
  Body::Value value(const RunArguments& arguments, size_t input) const { return {operands.at(arguments, input), inputs[input]}; }
  // The one element of an input, which the host waits for where it is no constant.
  template <class T>
  Result<T> number(const RunArguments& arguments, size_t input) const {
    T value{};
    if (constants[input].data())
      value = static_cast<T>(constants[input].integer(0));
    else
      TRY(device->copy(&value, arguments.inputs[input], sizeof value, arguments.stream));
    return value;
  }
  // Output `output` is a copy of the value.
  Status give(const RunArguments& arguments, size_t output, const Body::Value& value) const;
  // Says what was produced, where it is not as inferred.
  void tell(std::vector<Shape> shapes) const { produced = shapes == outputs ? std::vector<Shape>{} : std::move(shapes); }
  Result<size_t> bytes_of(size_t output, const Shape& shape) const;
};

// A tactic whose launches are of type L.
template <class L>
struct ControlKernel final : Kernel {
  CudaDevice* device = nullptr;
  Problem problem;
  std::shared_ptr<const Operator> op;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto made = std::make_unique<L>();
    made->device = device;
    made->op = op;
    made->operands = operands;
    made->constants = problem.constants;
    made->constants.resize(inputs.size());
    made->allow_tf32 = problem.allow_tf32;
    made->inputs = inputs;
    made->outputs = outputs;
    for (const TensorType& output : problem.outputs) made->types.push_back(output.type);
    TRY(made->open());
    return std::unique_ptr<Launch>(std::move(made));
  }
};

// Why no layer with bodies of these types runs.
Status takes_bodies(const Problem& problem);

template <class L>
Result<std::unique_ptr<Kernel>> control_kernel(const Problem& problem) {
  auto kernel = std::make_unique<ControlKernel<L>>();
  TRY_ASSIGN(kernel->device, device_of(problem));
  kernel->problem = problem;
  kernel->op = problem.op->clone();
  kernel->problem.op = kernel->op.get();
  TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
  return std::unique_ptr<Kernel>(std::move(kernel));
}

}  // namespace ingot::cuda
