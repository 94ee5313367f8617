// cuda.depthwise: convolutions with one input channel a group, a thread for each output element.
#include "tactics/cuda/window_kernel.h"

namespace ingot::cuda {
namespace {

// A thread for each element of the output.
GridSize element_grid(const WindowGeometry& geometry) {
  return {ceil_divide(geometry.batch * geometry.output_count() * geometry.output_channels, 256)};
}

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
    Array weights = problem.constants[1];
    if (is_channels_last_problem(problem)) {
      // [M, 1, taps] as [taps, M]
      TRY_ASSIGN(weights, permuted(weights, {weights.shape()[0], weights.count() / std::max<int64_t>(1, weights.shape()[0])}, {1, 0}));
    }
    return WindowKernel<Convolution, element_grid>::make(problem, std::move(weights), "", "depthwise");
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::Depthwise, cuda, depthwise)
}  // namespace ingot
