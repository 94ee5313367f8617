// cuda.deconvolution: the transpose of a convolution as a tiled product that looks up which inputs reach an output.
#include "operators/deconvolution.h"

#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

struct DeconvolutionLaunch final : Launch {
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

struct DeconvolutionKernel final : Kernel {
  Deconvolution op;
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  bool channels_last = false;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<DeconvolutionLaunch>();
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    const WindowGeometry geometry = window_geometry(op, op.deconvolution_pads(spatial, taps), taps, op.groups, shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, channels_last, op));
    launch->kernel = kernel;
    launch->operands = operands;
    launch->scales = scales;
    launch->inputs = inputs;
    launch->grid = {ceil_divide(geometry.batch * geometry.output_count(), 64), ceil_divide(geometry.group_outputs(), 64), geometry.groups};
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct DeconvolutionTiles final : CudaTactic {
  std::string_view name() const override { return "cuda.deconvolution"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Deconvolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no deconvolution");
    REQUIRES(op->groups <= 65535, "there are more than 65535 groups");
    TRY(accepts_window_product(problem, *op));
    REQUIRES(is_constant(problem, 1), "the weights are no constant");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return window_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<DeconvolutionKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Deconvolution&>(*problem.op);
    kernel->channels_last = is_channels_last_problem(problem);
    kernel->inputs = problem.inputs.size();
    Problem own = problem;
    // [groups, C, M, taps] as [groups, M, C, taps], or [groups, M, taps, C].
    const Array& w = problem.constants[1];
    const int64_t groups = kernel->op.groups, channels = w.shape()[0] / groups, outputs = w.shape()[1];
    const std::vector<size_t> order = kernel->channels_last ? std::vector<size_t>{0, 2, 3, 1} : std::vector<size_t>{0, 2, 1, 3};
    TRY_ASSIGN(own.constants[1],
               permuted(w, {groups, channels, outputs, w.count() / std::max<int64_t>(1, groups * channels * outputs)}, order));
    TRY_ASSIGN(kernel->operands, Operands::make(*device, own));
    TRY_ASSIGN(kernel->scales, product_scales(*device, kernel->op, groups * outputs));
    TRY_ASSIGN(std::string code, product_definitions(problem, kernel->op));
    code += "#define CONVOLUTION 1\n#define TRANSPOSED 1\n#define CHANNELS_LAST " + std::to_string(kernel->channels_last) +
            "\n#define A_ROWS_FAST " + std::to_string(!kernel->channels_last) + "\n#define B_COLUMNS_FAST 0\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("product", code, true), "product"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DeconvolutionTiles, cuda, deconvolution)
}  // namespace ingot
