// cuda.runtime_window: slices and pads whose window is computed by other layers. The host reads the few numbers that tell it, and copies
// are made as for a window that was known from the start; one that is the same as in the run before is used again.
#include "operators/pad.h"
#include "operators/slice.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostNumbers = 64;  // of an input that the host reads

struct WindowLaunch final : Launch {
  CudaDevice* device = nullptr;
  std::shared_ptr<const Operator> op;
  Problem problem;
  std::vector<Shape> inputs, outputs;
  // Of the last run.
  mutable std::vector<std::vector<std::byte>> numbers;
  mutable std::unique_ptr<Kernel> kernel;
  mutable std::unique_ptr<Launch> launch;
  mutable Shape shape;

  std::vector<Shape> produced_shapes() const override { return shape == outputs[0] ? std::vector<Shape>{} : std::vector<Shape>{shape}; }

  Status run(const RunArguments& arguments) const override {
    REQUIRES(!device->is_captured(arguments.stream), "a window that is computed cannot be captured into a CUDA graph");
    std::vector<std::vector<std::byte>> read(inputs.size());
    Problem known = problem;
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (!is_present(problem, i) || is_constant(problem, i)) continue;
      TRY_ASSIGN(Array array, Array::make(problem.inputs[i].type, inputs[i]));
      read[i].resize(array.byte_count());
      TRY(device->copy(read[i].data(), arguments.inputs[i], read[i].size(), arguments.stream));
      std::copy(read[i].begin(), read[i].end(), static_cast<std::byte*>(array.mutable_data()));
      known.constants[i] = std::move(array);
    }
    if (!launch || read != numbers) {
      launch.reset();
      TRY(plan(known));
      numbers = std::move(read);
    }
    TRY_ASSIGN(const int64_t count, volume(shape));
    return count > 0 ? launch->run({arguments.inputs, arguments.outputs, nullptr, arguments.pool, arguments.stream}) : Status(Ok{});
  }

  Status plan(Problem& known) const {
    TensorTypes types;
    for (size_t i = 0; i < inputs.size(); ++i) {
      known.inputs[i].dims = to_dims(inputs[i]);
      known.inputs[i].values.reset();
      if (i > 0 && known.constants[i].data() && is_integer(known.inputs[i].type))
        known.inputs[i].values = to_dims(known.constants[i].integers());
      types.push_back(is_present(known, i) ? known.inputs[i] : TensorType{});
    }
    TRY_ASSIGN(const TensorTypes inferred, op->infer(types));
    if (!all_constant(inferred[0].dims)) return internal("the window's numbers do not tell its size " + to_text(inferred[0].dims));
    shape = constant_shape(inferred[0].dims);
    known.outputs[0].dims = inferred[0].dims;
    TRY_ASSIGN(const int64_t count, volume(shape));
    TRY_ASSIGN(const int64_t room, volume(outputs[0]));
    if (count > room) return invalid("the output is " + to_text(shape) + ", and there is room for " + to_text(outputs[0]));
    for (const char* name : {"cuda.slice", "cuda.slice_modes", "cuda.pad"}) {
      const Tactic* tactic = TacticCatalogue::instance().find(name);
      if (!tactic || !tactic->accepts(known).ok()) continue;
      TRY_ASSIGN(kernel, tactic->prepare(known, {}));
      TRY_ASSIGN(launch, kernel->launch(inputs, {shape}));
      return Ok{};
    }
    return unsupported("no tactic takes the window");
  }
};

struct WindowKernel final : Kernel {
  CudaDevice* device = nullptr;
  std::shared_ptr<const Operator> op;
  Problem problem;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<WindowLaunch>();
    launch->device = device;
    launch->op = op;
    launch->problem = problem;
    launch->inputs = inputs;
    launch->outputs = outputs;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct RuntimeWindow final : CudaTactic {
  std::string_view name() const override { return "cuda.runtime_window"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Slice*>(problem.op) || dynamic_cast<const Pad*>(problem.op),
             std::string(problem.op->name()) + " is neither slice nor pad");
    bool computed = false;
    for (size_t i = 1; i < problem.inputs.size(); ++i) {
      if (!is_present(problem, i) || is_constant(problem, i)) continue;
      computed = true;
      const Dim count = volume(problem.inputs[i].dims);
      REQUIRES(count.is_constant() && count.value() <= kMostNumbers, "input " + std::to_string(i) + " is no short list");
    }
    REQUIRES(computed, "the window is known");
    REQUIRES(!problem.outputs[0].values, "its values hang on shapes alone, and are worked out when those are set");
    TRY(has_known_types(problem));
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<WindowKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->problem = problem;
    kernel->op = problem.op->clone();
    kernel->problem.op = kernel->op.get();
    kernel->problem.constants.resize(problem.inputs.size());
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::RuntimeWindow, cuda, runtime_window)
}  // namespace ingot
