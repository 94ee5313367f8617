// cuda.pool: maximum, average, p-norm and blend, a thread for each output element.
#include "operators/pool.h"

#include <algorithm>

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/product_code.h"
#include "tactics/cuda/scaled_code.h"

namespace ingot::cuda {
namespace {

struct PoolLaunch final : Launch {
  KernelFunction kernel;
  WindowParameters parameters{};
  GridSize grid;
  float exponent = 2, blend = 0;
  bool indices = false;

  Status run(const RunArguments& arguments) const override {
    WindowParameters p = parameters;
    p.x = arguments.inputs[0];
    p.y = arguments.outputs[0];
    return kernel.launch(grid, 256, arguments.stream, p, exponent, blend, indices ? arguments.outputs[1] : nullptr);
  }
};

struct PoolKernel final : Kernel {
  Pool op;
  KernelFunction kernel;
  bool channels_last = false;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<PoolLaunch>();
    const Shape spatial(shapes[0].begin() + 2, shapes[0].end());
    const Window::Pads pads = op.pads_for(spatial, op.kernel);
    const WindowGeometry geometry = window_geometry(op, pads, op.kernel, std::max<int64_t>(shapes[0][1], 1), shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, channels_last, EpilogueFields{}));
    for (size_t d = 0; d < pads.end.size(); ++d) launch->parameters.pad_end[3 - pads.end.size() + d] = static_cast<int>(pads.end[d]);
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    launch->kernel = kernel;
    launch->grid = {ceil_divide(count, 256)};
    launch->exponent = static_cast<float>(op.p);
    launch->blend = static_cast<float>(op.blend_factor);
    launch->indices = op.with_indices;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PoolElements final : CudaTactic {
  std::string_view name() const override { return "cuda.pool"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Pool*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no pooling");
    const DataType working = working_type(*op, problem);
    TRY(accepts_scales(*op, problem));
    REQUIRES(!op->with_indices || output_format(problem, 0) == output_format(problem, 1), "values and indices have other formats");
    REQUIRES(op->kernel.size() <= 3, "there are more than 3 spatial dimensions");
    TRY(has_known_types(problem));
    TRY(has_plain_formats(problem));
    REQUIRES(is_floating(working) || op->kind == PoolKind::kMax, "the elements are integers");
    REQUIRES(input_format(problem, 0) == output_format(problem, 0) && !is_constant(problem, 0),
             "the formats differ, or the input is a constant");
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<PoolKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Pool&>(*problem.op);
    kernel->channels_last = is_channels_last_problem(problem);
    const DataType type = problem.inputs[0].type;
    const std::string real = compute_type(working_type(kernel->op, problem));
    const std::string start = real == "int64"    ? "(-9223372036854775807ll - 1)"
                              : real == "uint64" ? "0"
                              : real == "double" ? "__longlong_as_double((long long)0xfff0000000000000ull)"
                                                 : "__int_as_float((int)0xff800000u)";
    std::string code = "typedef " + storage_type(type) + " X;\ntypedef " + storage_type(problem.outputs[0].type) + " Y;\ntypedef " + real +
                       " REAL;\n#define START_MOST " + start + "\n#define KIND " + std::to_string(static_cast<int>(kernel->op.kind)) +
                       "\n#define COUNT_PADDING " + std::to_string(kernel->op.count_include_pad) + "\n#define CHANNELS_LAST " +
                       std::to_string(kernel->channels_last) + "\n#define WITH_INDICES " + std::to_string(kernel->op.with_indices) +
                       "\n#define COLUMN_MAJOR " + std::to_string(kernel->op.column_major) + "\n";
    code += scaled_code(kernel->op);
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("pool", code, true), "pool"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::PoolElements, cuda, pool)
}  // namespace ingot
