// cuda.matmul_mma_N: products with constant matrices of half and bf16 on tensor cores, with any epilogue in the same kernel, by the N-th of
// the tiles.
#include "operators/matmul.h"
#include "tactics/cuda/device_weights.h"
#include "tactics/cuda/matmul_geometry.h"
#include "tactics/cuda/product_mma.h"

namespace ingot::cuda {
namespace {

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
    TRY_ASSIGN(const ProductParameters p, constant_product(problem));
    return accepts_mma(problem, static_cast<const MatMul&>(*problem.op), tile_, p.rows, p.columns, p.depth);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<MatMulMmaKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem, {1}));
    const Array& weights = problem.constants[1];
    const std::vector<size_t> order = kernel->op.transpose_b ? std::vector<size_t>{0, 1} : std::vector<size_t>{1, 0};
    TRY_ASSIGN(DeviceMemory columns_first, uploaded_permuted(*device, weights, weights.shape(), order));
    kernel->operands.set(1, std::move(columns_first));
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
REGISTER_TACTICS(register_tactic_cuda_matmul_mma) { cuda::add_ranked<cuda::MatMulMma>(catalogue, cuda::kMmaTileCount); }
}  // namespace ingot
