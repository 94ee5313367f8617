// cuda.matmul_cublaslt_N: matrix products by cuBLASLt, by the N-th of the ways that it proposes for the shapes to tune for, so that
// selection times them; the same way serves other shapes, so that a row's sums do not hang on how many rows stand beside it. Bias, residual
// and ReLU are part of the product, other epilogues a pass over its result.
#include <optional>

#include "operators/matmul.h"
#include "tactics/cuda/library_product.h"
#include "tactics/cuda/lt_product.h"
#include "tactics/cuda/matmul_geometry.h"

namespace ingot::cuda {
namespace {

constexpr int kRanks = 3;

struct LtLaunch final : Launch {
  std::unique_ptr<LtProduct> product;
  Operands operands;
  DeviceMemory bias;
  Rest rest;
  bool has_residual = false;

  size_t workspace_bytes() const override { return product->workspace_bytes(); }
  Status run(const RunArguments& arguments) const override {
    const void* residual = has_residual ? operands.at(arguments, 3) : nullptr;
    void* y = arguments.outputs[0];
    TRY(product->run(operands.at(arguments, 0), operands.at(arguments, 1), residual, y, 1, arguments.workspace, arguments.stream));
    return rest.run(y, residual, arguments.stream);
  }
};

struct LtKernel final : Kernel {
  CudaDevice* device = nullptr;
  MatMul op;
  Problem problem;
  Operands operands;
  DeviceMemory bias;
  EpiloguePlan plan;
  std::optional<LtAlgorithm> algorithm;
  int rank = 0;

  Result<std::unique_ptr<LtProduct>> product(const ProductParameters& p, const LtAlgorithm* wanted, int rank) const {
    const bool tf32 = problem.allow_tf32 && problem.inputs[0].type == DataType::kFloat;
    return LtProduct::make(*device, p, problem.inputs[0].type, problem.outputs[0].type, tf32, {plan.bias, plan.relu, plan.residual},
                           bias.get(), wanted, rank);
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<LtLaunch>();
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(op, shapes, outputs[0]));
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    if (count == 0 || p.depth == 0) return launch_by("cuda.matmul", problem, shapes, outputs);
    auto made = product(p, algorithm ? &*algorithm : nullptr, algorithm ? 0 : rank);
    if (!made.ok()) return launch_by("cuda.matmul", problem, shapes, outputs);
    launch->product = std::move(made).value();
    launch->operands = operands;
    launch->bias = bias;
    launch->has_residual = has_input(problem, 3);
    TRY_ASSIGN(launch->rest, Rest::make(*device, problem, op, plan, count));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

class CublasLtProduct final : public CudaTactic {
 public:
  explicit CublasLtProduct(int rank) : rank_(rank), name_("cuda.matmul_cublaslt_" + std::to_string(rank)) {}

  std::string_view name() const override { return name_; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const MatMul*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no matrix product");
    TRY_ASSIGN([[maybe_unused]] const CublasLt* lt, cublaslt());
    REQUIRES(problem.inputs.size() >= 2 && is_present(problem, 0) && is_present(problem, 1), "an operand is left out");
    TRY(all_linear(problem));
    const DataType type = problem.inputs[0].type, output = problem.outputs[0].type;
    REQUIRES(problem.inputs[1].type == type, "the operands differ in type");
    REQUIRES(output == type || output == DataType::kFloat, "the output is of type " + std::string(name_of(output)));
    REQUIRES(!has_input(problem, 2) || problem.inputs[1].rank() >= 2, "a vector has a bias");
    REQUIRES(!has_input(problem, 3) || problem.inputs[3].dims == problem.outputs[0].dims, "the residual is broadcast");
    return accepts_library_product(problem, *op);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<LtKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    kernel->plan = epilogue_plan(problem, kernel->op);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    TRY_ASSIGN(kernel->bias, library_bias(*kernel->device, problem, kernel->plan));
    kernel->rank = rank_;
    const auto output = tuned_output(problem);
    if (!output.ok()) return std::unique_ptr<Kernel>(std::move(kernel));  // nothing to tune for
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(kernel->op, problem.opt_inputs, *output));
    REQUIRES(p.rows > 0 && p.columns > 0 && p.depth > 0 && batch_count(p) > 0, "the product is empty");
    TRY_ASSIGN(const std::unique_ptr<LtProduct> product, kernel->product(p, nullptr, rank_));
    kernel->algorithm = product->algorithm();
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  // About what a GPU of these years takes; the library's first proposal is most often its best.
  std::optional<double> estimate_ms(const Problem& problem) const override {
    return 0.003 + 0.001 * rank_ + input_elements(problem) * 1e-9;
  }

 private:
  int rank_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_matmul_cublaslt) { cuda::add_ranked<cuda::CublasLtProduct>(catalogue, cuda::kRanks); }
}  // namespace ingot
