// cuda.matmul_wgmma_N: large products with constant matrices of half and bf16 by the warp groups of sm_90a, with any epilogue in the same
// kernel, by the N-th of the ways in which blocks work together.
#include "operators/matmul.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/matmul_geometry.h"
#include "tactics/cuda/product_wgmma.h"

namespace ingot::cuda {
namespace {

struct MatMulWgmmaKernel final : Kernel {
  MatMul op;
  Problem problem;
  Operands operands;
  WgmmaProduct product;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<WgmmaLaunch>();
    TRY_ASSIGN(launch->parameters, matmul_geometry(op, shapes, outputs[0]));
    if (!is_one_product(launch->parameters).ok() || launch->parameters.rows >= INT32_MAX)
      return launch_by("cuda.matmul", problem, shapes, outputs);
    launch->product = product;
    launch->operands = operands;
    launch->inputs = problem.inputs.size();
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class MatMulWgmma final : public CudaTactic {
 public:
  explicit MatMulWgmma(int number) : shape_(kWgmmaShapes[number]), name_("cuda.matmul_wgmma_" + std::to_string(number)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const ProductParameters p, constant_product(problem));
    return accepts_wgmma(problem, static_cast<const MatMul&>(*problem.op), shape_, p.rows, p.columns, p.depth);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<MatMulWgmmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    TRY_ASSIGN(const ProductParameters p, constant_product(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem, {1}));
    TRY_ASSIGN(kernel->product, WgmmaProduct::make(*device, problem, kernel->op, shape_, p.columns, p.depth, !kernel->op.transpose_b));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.0035 + input_elements(problem) * 1.1e-9; }

 private:
  WgmmaShape shape_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_matmul_wgmma) { cuda::add_ranked<cuda::MatMulWgmma>(catalogue, cuda::kWgmmaShapeCount); }
}  // namespace ingot
