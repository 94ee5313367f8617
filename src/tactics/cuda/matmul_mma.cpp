// cuda.matmul_mma_N: products with constant matrices of half and bf16 on tensor cores, with any epilogue in the same kernel, by the N-th of
// the tiles.
#include "operators/matmul.h"
#include "tactics/cuda/matmul_geometry.h"
#include "tactics/cuda/product_mma.h"

namespace ingot::cuda {
namespace {

// All of it is one product with dense rows.
Status is_one_product(const ProductParameters& p) {
  REQUIRES(p.batch_rank == 0 && p.a_depth == 1 && p.y_column == 1 && p.a_row % 8 == 0 && p.y_row == p.columns,
           "it is not one product with dense rows");
  return Ok{};
}

struct MatMulMmaKernel final : Kernel {
  MatMul op;
  Problem problem;
  Operands operands;
  MmaProduct product;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<MmaLaunch>();
    TRY_ASSIGN(launch->parameters, matmul_geometry(op, shapes, outputs[0]));
    if (!is_one_product(launch->parameters).ok()) return launch_by("cuda.matmul", problem, shapes, outputs);
    launch->product = product;
    launch->operands = operands;
    launch->inputs = problem.inputs.size();
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class MatMulMma final : public CudaTactic {
 public:
  explicit MatMulMma(int number) : tile_(kMmaTiles[number]), name_("cuda.matmul_mma_" + std::to_string(number)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const MatMul*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no matrix product");
    TRY(all_linear(problem));
    TRY(accepts_product(problem, *op));
    REQUIRES(problem.inputs[0].rank() >= 2 && problem.inputs[1].rank() == 2, "the weights are no matrix");
    REQUIRES(!has_input(problem, 3) || problem.inputs[3].dims == problem.outputs[0].dims, "the residual is broadcast");
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(*op, problem.opt_inputs, output));
    TRY(is_one_product(p));
    return accepts_mma(problem, *op, tile_, p.rows, p.columns, p.depth);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<MatMulMmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    Problem own = problem;
    if (!kernel->op.transpose_b) {
      // [depth, columns] as [columns, depth]
      TRY_ASSIGN(own.constants[1], permuted(problem.constants[1], problem.constants[1].shape(), {1, 0}));
    }
    TRY_ASSIGN(kernel->operands, Operands::make(*device, own));
    TRY_ASSIGN(kernel->product, MmaProduct::make(*device, problem, kernel->op, tile_));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.004 + input_elements(problem) * 2e-9; }

 private:
  MmaTile tile_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_matmul_mma) {
  for (int number = 0; number < cuda::kMmaTileCount; ++number) catalogue.add(std::make_unique<cuda::MatMulMma>(number));
}
}  // namespace ingot
