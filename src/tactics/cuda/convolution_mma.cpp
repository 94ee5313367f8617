// cuda.convolution_mma_N: channels-last convolutions with one tap of half and bf16 as a product on tensor cores, with any epilogue in the
// same kernel, by the N-th of the tiles.
#include "operators/convolution.h"
#include "tactics/cuda/product_mma.h"

namespace ingot::cuda {
namespace {

// Rows are positions of all images, columns output channels.
ProductParameters parameters_of(const Shape& x, const Shape& y) {
  ProductParameters p{};
  p.rows = y[0];
  for (size_t d = 2; d < y.size(); ++d) p.rows *= y[d];
  p.depth = p.a_row = x[1];
  p.columns = p.y_row = p.residual_row = y[1];
  p.a_depth = p.b_depth = p.y_column = p.residual_column = 1;
  p.b_column = p.depth;
  return p;
}

struct ConvolutionMmaKernel final : Kernel {
  Problem problem;
  Operands operands;
  MmaProduct product;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<MmaLaunch>();
    launch->parameters = parameters_of(shapes[0], outputs[0]);
    launch->product = product;
    launch->operands = operands;
    launch->inputs = problem.inputs.size();
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class ConvolutionMma final : public CudaTactic {
 public:
  explicit ConvolutionMma(int number) : tile_(kMmaTiles[number]), name_("cuda.convolution_mma_" + std::to_string(number)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Convolution*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
    TRY(accepts_window_product(problem, *op));
    REQUIRES(is_channels_last_problem(problem), "the tensors are not channels-last");
    REQUIRES(op->groups == 1, "there are " + std::to_string(op->groups) + " groups");
    const Dims& w = problem.inputs[1].dims;
    for (size_t d = 2; d < w.size(); ++d)
      REQUIRES(w[d].is(1) && op->stride(d - 2) == 1 && op->pad_begin(d - 2) == 0 && op->pad_end(d - 2) == 0,
               "there is more than one tap, a stride or padding");
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    const ProductParameters p = parameters_of(problem.opt_inputs[0], output);
    return accepts_mma(problem, *op, tile_, p.rows, p.columns, p.depth);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3) return {};
    return {window_formats(problem).back()};
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<ConvolutionMmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->problem = problem;
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem));
    TRY_ASSIGN(kernel->product, MmaProduct::make(*device, problem, static_cast<const Convolution&>(*problem.op), tile_));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.004 + input_elements(problem) * 1e-9; }

 private:
  MmaTile tile_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_convolution_mma) {
  for (int number = 0; number < cuda::kMmaTileCount; ++number) catalogue.add(std::make_unique<cuda::ConvolutionMma>(number));
}
}  // namespace ingot
