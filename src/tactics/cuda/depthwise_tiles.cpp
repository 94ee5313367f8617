// cuda.depthwise_tiles: channels-last convolutions of floats with one channel a group in and out, several outputs of several channels a
// thread, so that memory is read 16 bytes at a time and most inputs once.
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/window_kernel.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kThreads = 128, kMostTaps = 49;

struct Tile {
  int64_t channels, tall, wide;
};
Tile tile_of(DataType type, const Convolution& op) {
  // A stride of 2 shares fewer inputs, and its tile needs more of them.
  return {bits_of(type) == 32 ? 4 : 8, op.stride(0) == 1 ? 2 : 1, op.stride(1) == 1 ? 4 : 2};
}

struct TilesLaunch final : Launch {
  KernelFunction kernel;
  Operands operands;
  WindowParameters parameters{};
  GridSize grid;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    WindowParameters p = parameters;
    set_pointers(&p, operands, arguments, inputs);
    return kernel.launch(grid, kThreads, arguments.stream, p);
  }
};

struct TilesKernel final : Kernel {
  Convolution op;
  KernelFunction kernel;
  Operands operands;
  Tile tile{};
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<TilesLaunch>();
    const Shape taps(shapes[1].begin() + 2, shapes[1].end()), spatial(shapes[0].begin() + 2, shapes[0].end());
    const WindowGeometry geometry = window_geometry(op, pads_of(op, spatial, taps), taps, op.groups, shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, true, op));
    launch->kernel = kernel;
    launch->operands = operands;
    launch->inputs = inputs;
    launch->grid = {ceil_divide(geometry.batch * ceil_divide(geometry.output[1], tile.tall) * ceil_divide(geometry.output[2], tile.wide) *
                                    (geometry.output_channels / tile.channels),
                                kThreads)};
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct DepthwiseTiles final : CudaTactic {
  std::string_view name() const override { return "cuda.depthwise_tiles"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
    TRY(accepts_window_product(problem, *op));
    TRY(accepts_library_product(problem, *op));
    REQUIRES(is_channels_last_problem(problem), "the tensors are not channels-last");
    REQUIRES(is_floating(problem.outputs[0].type), "the output is of type " + std::string(name_of(problem.outputs[0].type)));
    const Dims& w = problem.inputs[1].dims;
    REQUIRES(w.size() == 4 && is_constant(problem, 1), "it is not over two dimensions with constant weights");
    const Shape shape = problem.constants[1].shape();
    REQUIRES(shape[1] == 1 && shape[0] == op->groups, "a group has more than one channel");
    REQUIRES(shape[0] % tile_of(problem.inputs[0].type, *op).channels == 0, "there are " + std::to_string(shape[0]) + " channels");
    REQUIRES(shape[2] * shape[3] <= kMostTaps, "there are " + std::to_string(shape[2] * shape[3]) + " taps");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty() || problem.inputs[0].rank() != 4) return {};
    return {window_formats(problem).back()};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<TilesKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Convolution&>(*problem.op);
    kernel->inputs = problem.inputs.size();
    kernel->tile = tile_of(problem.inputs[0].type, kernel->op);
    Problem own = problem;
    const Shape shape = problem.constants[1].shape();
    // [M, 1, taps] as [taps, M]
    TRY_ASSIGN(own.constants[1], permuted(problem.constants[1], {shape[0], shape[2] * shape[3]}, {1, 0}));
    TRY_ASSIGN(kernel->operands, Operands::make(*device, own));
    TRY_ASSIGN(std::string code, product_definitions(problem, kernel->op));
    const auto define = [&](const char* name, int64_t value) {
      code += "#define " + std::string(name) + " " + std::to_string(value) + "\n";
    };
    define("CHANNELS", kernel->tile.channels);
    define("TALL", kernel->tile.tall);
    define("WIDE", kernel->tile.wide);
    define("TAPS_H", shape[2]);
    define("TAPS_W", shape[3]);
    define("STRIDE_H", kernel->op.stride(0));
    define("STRIDE_W", kernel->op.stride(1));
    define("DILATION_H", kernel->op.dilation(0));
    define("DILATION_W", kernel->op.dilation(1));
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("depthwise_tiles", code, true), "depthwise_tiles"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.003 + input_elements(problem) * 1e-9; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DepthwiseTiles, cuda, depthwise_tiles)
}  // namespace ingot
