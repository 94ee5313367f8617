// cuda.deconvolution: the transpose of a convolution as a tiled product that looks up which inputs reach an output.
#include "tactics/cuda/window_kernel.h"

namespace ingot::cuda {
namespace {

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
    // [groups, C, M, taps] as [groups, M, C, taps], or [groups, M, taps, C].
    const Array& w = problem.constants[1];
    const bool channels_last = is_channels_last_problem(problem);
    const int64_t groups = static_cast<const Deconvolution&>(*problem.op).groups, channels = w.shape()[0] / groups, outputs = w.shape()[1];
    const std::vector<size_t> order = channels_last ? std::vector<size_t>{0, 2, 3, 1} : std::vector<size_t>{0, 2, 1, 3};
    TRY_ASSIGN(Array weights,
               permuted(w, {groups, channels, outputs, w.count() / std::max<int64_t>(1, groups * channels * outputs)}, order));
    return WindowKernel<Deconvolution, tile_grid>::make(problem, std::move(weights), window_product_code(true, channels_last), "product");
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DeconvolutionTiles, cuda, deconvolution)
}  // namespace ingot
