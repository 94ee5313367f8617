// cuda.convolution: any convolution, for every type, as a tiled product over the taps; right before fast.
#include "tactics/cuda/window_kernel.h"

namespace ingot::cuda {
namespace {

struct ConvolutionTiles final : CudaTactic {
  std::string_view name() const override { return "cuda.convolution"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
    REQUIRES(op->groups <= 65535, "there are more than 65535 groups");
    return accepts_window_product(problem, *op);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return window_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    const Array& w = problem.constants[1];
    const bool channels_last = is_channels_last_problem(problem);
    Array weights = w;
    if (channels_last) {
      // [M, C, taps] as [M, taps, C]
      TRY_ASSIGN(weights,
                 permuted(w, {w.shape()[0], w.shape()[1], w.count() / std::max<int64_t>(1, w.shape()[0] * w.shape()[1])}, {0, 2, 1}));
    }
    return WindowKernel<Convolution, tile_grid>::make(problem, std::move(weights), window_product_code(false, channels_last), "product");
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ConvolutionTiles, cuda, convolution)
}  // namespace ingot
