// cuda.depthwise: convolutions with one input channel a group, a thread for each output element.
#include "operators/convolution.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

struct DepthwiseLaunch final : Launch {
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  WindowParameters parameters{};
  GridSize grid;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    WindowParameters p = parameters;
    set_pointers(&p, operands, arguments, inputs);
    p.scales = scales.get();
    return kernel.launch(grid, 256, arguments.stream, p);
  }
};

struct DepthwiseKernel final : Kernel {
  Convolution op;
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  bool channels_last = false;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<DepthwiseLaunch>();
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    const WindowGeometry geometry = window_geometry(op, op.pads_for(spatial, taps), taps, op.groups, shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, channels_last, op));
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    launch->kernel = kernel;
    launch->operands = operands;
    launch->scales = scales;
    launch->inputs = inputs;
    launch->grid = {ceil_divide(count, 256)};
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct Depthwise final : CudaTactic {
  std::string_view name() const override { return "cuda.depthwise"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
    TRY(accepts_window_product(problem, *op));
    REQUIRES(problem.inputs[1].dims[1].is(1), "a group has more than one input channel");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return window_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<DepthwiseKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Convolution&>(*problem.op);
    kernel->channels_last = is_channels_last_problem(problem);
    kernel->inputs = problem.inputs.size();
    Problem own = problem;
    if (kernel->channels_last) {
      const Array& w = problem.constants[1];
      TRY_ASSIGN(own.constants[1], permuted(w, {w.shape()[0], w.count() / std::max<int64_t>(1, w.shape()[0])}, {1, 0}));
    }
    TRY_ASSIGN(kernel->operands, Operands::make(*device, own));
    TRY_ASSIGN(kernel->scales,
               product_scales(*device, kernel->op, problem.outputs[0].dims[1].is_constant() ? problem.outputs[0].dims[1].value() : 0));
    TRY_ASSIGN(std::string code, product_definitions(problem, kernel->op));
    code += "#define CHANNELS_LAST " + std::to_string(kernel->channels_last) + "\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("depthwise", code, true), "depthwise"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::Depthwise, cuda, depthwise)
}  // namespace ingot
