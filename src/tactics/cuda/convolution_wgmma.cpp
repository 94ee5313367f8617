// cuda.convolution_wgmma_N: channels-last convolutions of one tap over two dimensions, of half and bf16, as products by the warp groups of
// sm_90a, with any epilogue in the same kernel, by the N-th of the ways in which groups and blocks work together.
#include "tactics/cuda/convolution_product.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/product_wgmma.h"

namespace ingot::cuda {
namespace {

struct ConvolutionWgmmaKernel final : Kernel {
  Operands operands;
  WgmmaProduct product;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<WgmmaLaunch>();
    launch->parameters = convolution_product(shapes[1], outputs[0]);
    launch->product = product;
    launch->operands = operands;
    launch->inputs = inputs;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class ConvolutionWgmma final : public CudaTactic {
 public:
  explicit ConvolutionWgmma(int number) : shape_(kWgmmaShapes[number]), name_("cuda.convolution_wgmma_" + std::to_string(number)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    TRY(is_image_convolution(problem));
    const auto& op = static_cast<const Convolution&>(*problem.op);
    const Shape& w = problem.constants[1].shape();
    REQUIRES(is_plain_product(op, w), "it has more than one tap, strides or padding");
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    const ProductParameters p = convolution_product(w, output);
    return accepts_wgmma(problem, op, shape_, p.rows, p.columns, w[1]);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3) return {};
    return {window_formats(problem).back()};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ConvolutionWgmmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    const auto& op = static_cast<const Convolution&>(*problem.op);
    const Shape& w = problem.constants[1].shape();
    kernel->inputs = problem.inputs.size();
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem, {1}));
    TRY_ASSIGN(kernel->product, WgmmaProduct::make(*device, problem, op, shape_, w[0], w[1], false));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.0035 + input_elements(problem) * 1e-9; }

 private:
  WgmmaShape shape_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_convolution_wgmma) { cuda::add_ranked<cuda::ConvolutionWgmma>(catalogue, cuda::kWgmmaShapeCount); }
}  // namespace ingot
