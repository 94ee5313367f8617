// cuda.pool_vectors: maximum and average over channels-last tensors, several channels a thread; of bytes the maximum alone.
#include <algorithm>

#include "operators/pool.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kThreads = 128;

int64_t channels_of(DataType type) { return 128 / bits_of(type); }

struct VectorsLaunch final : Launch {
  KernelFunction kernel;
  WindowParameters parameters{};
  GridSize grid;

  Status run(const RunArguments& arguments) const override {
    WindowParameters p = parameters;
    p.x = arguments.inputs[0];
    p.y = arguments.outputs[0];
    return kernel.launch(grid, kThreads, arguments.stream, p);
  }
};

struct VectorsKernel final : Kernel {
  Pool op;
  KernelFunction kernel;
  int64_t channels = 1;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<VectorsLaunch>();
    const Shape spatial(shapes[0].begin() + 2, shapes[0].end());
    const Window::Pads pads = op.pads_for(spatial, op.kernel);
    const WindowGeometry geometry = window_geometry(op, pads, op.kernel, std::max<int64_t>(shapes[0][1], 1), shapes[0], outputs[0]);
    TRY_ASSIGN(launch->parameters, window_parameters(geometry, true, EpilogueFields{}));
    for (size_t d = 0; d < pads.end.size(); ++d) launch->parameters.pad_end[3 - pads.end.size() + d] = static_cast<int>(pads.end[d]);
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    launch->kernel = kernel;
    launch->grid = {ceil_divide(count / channels, kThreads)};
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct PoolVectors final : CudaTactic {
  std::string_view name() const override { return "cuda.pool_vectors"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Pool*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no pooling");
    REQUIRES(!op->is_scaled(), "it has scales around it");
    REQUIRES(!op->with_indices, "it gives indices");
    REQUIRES(op->kernel.size() == 2, "it is not over two dimensions");
    REQUIRES(op->kind == PoolKind::kMax || op->kind == PoolKind::kAverage, "it is neither a maximum nor an average");
    const DataType type = problem.inputs[0].type;
    const bool is_maximum_of_bytes = op->kind == PoolKind::kMax && (type == DataType::kInt8 || type == DataType::kUint8);
    REQUIRES(type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || is_maximum_of_bytes,
             "the elements are of type " + std::string(name_of(type)));
    REQUIRES(
        input_format(problem, 0) == Format::kChannelsLast && output_format(problem, 0) == Format::kChannelsLast && !is_constant(problem, 0),
        "the tensors are not channels-last, or the input is a constant");
    const Dim& channels = problem.inputs[0].dims[1];
    REQUIRES(channels.is_constant() && channels.value() % channels_of(type) == 0, "the channels do not fill 16 bytes");
    return Ok{};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<VectorsKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const Pool&>(*problem.op);
    const DataType type = problem.inputs[0].type;
    kernel->channels = channels_of(type);
    const std::string code = "typedef " + storage_type(type) + " X;\n#define KIND " + std::to_string(kernel->op.kind != PoolKind::kMax) +
                             "\n#define COUNT_PADDING " + std::to_string(kernel->op.count_include_pad) + "\n#define CHANNELS " +
                             std::to_string(kernel->channels) + "\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("pool_vectors", code), "pool_vectors"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::PoolVectors, cuda, pool_vectors)
}  // namespace ingot
