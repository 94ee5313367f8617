// cuda.matmul_cublaslt_N: matrix products by cuBLASLt, by the N-th of the ways that it proposes for the shapes to tune for, so that
// selection times them; the same way serves other shapes, so that a row's sums do not hang on how many rows stand beside it. Bias, residual
// and ReLU are part of the product, other epilogues a pass over its result.
#include <optional>

#include "operators/matmul.h"
#include "tactics/cuda/finish.h"
#include "tactics/cuda/lt_product.h"
#include "tactics/cuda/matmul_geometry.h"

namespace ingot::cuda {
namespace {

constexpr int kRanks = 3;

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

// What of the epilogue is part of the product; the rest is a pass of its own.
struct Plan : LtEpilogue {
  bool rest = false;
};
Plan plan_of(const Problem& problem, const EpilogueFields& fields) {
  Plan plan;
  plan.bias = has_input(problem, 2);
  const std::string text = fields.epilogue.text();
  const bool alike = has_input(problem, 3) && problem.inputs[3].type == problem.outputs[0].type;
  if (text == "x0") return plan;
  if (text == "relu(x0)")
    plan.relu = true;
  else if (alike && (text == "add(x0, x1)" || text == "add(x1, x0)"))
    plan.residual = true;
  else if (alike && (text == "relu(add(x0, x1))" || text == "relu(add(x1, x0))"))
    plan.relu = plan.residual = true;
  else
    plan.rest = true;
  return plan;
}

struct LtLaunch final : Launch {
  std::unique_ptr<LtProduct> product;
  Operands operands;
  DeviceMemory bias;
  Plan plan;
  Finish finish;
  bool has_residual = false;
  int64_t count = 0;

  size_t workspace_bytes() const override { return product->workspace_bytes(); }
  Status run(const RunArguments& arguments) const override {
    const void* residual = has_residual ? operands.at(arguments, 3) : nullptr;
    void* y = arguments.outputs[0];
    TRY(product->run(operands.at(arguments, 0), operands.at(arguments, 1), residual, y, 1, arguments.workspace, arguments.stream));
    return plan.rest ? finish.run(y, residual, y, count, arguments.stream) : Status(Ok{});
  }
};

struct LtKernel final : Kernel {
  CudaDevice* device = nullptr;
  MatMul op;
  Problem problem;
  Operands operands;
  DeviceMemory bias;
  Plan plan;
  std::optional<LtAlgorithm> algorithm;
  int rank = 0;

  Result<std::unique_ptr<LtProduct>> product(const ProductParameters& p, const LtAlgorithm* wanted, int rank) const {
    const bool tf32 = problem.allow_tf32 && problem.inputs[0].type == DataType::kFloat;
    return LtProduct::make(*device, p, problem.inputs[0].type, problem.outputs[0].type, tf32, plan, bias.get(), wanted, rank);
  }

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<LtLaunch>();
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(op, shapes, outputs[0]));
    TRY_ASSIGN(launch->count, volume(outputs[0]));
    if (launch->count == 0 || p.depth == 0) return by_tiles(shapes, outputs);
    auto made = product(p, algorithm ? &*algorithm : nullptr, algorithm ? 0 : rank);
    if (!made.ok()) return by_tiles(shapes, outputs);
    launch->product = std::move(made).value();
    launch->operands = operands;
    launch->bias = bias;
    launch->plan = plan;
    launch->has_residual = has_input(problem, 3);
    if (plan.rest) {
      const DataType residual = launch->has_residual ? problem.inputs[3].type : DataType::kFloat;
      TRY_ASSIGN(launch->finish, Finish::make(*device, op, problem.outputs[0].type, launch->has_residual, residual, problem.outputs[0].type,
                                              launch->count));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }

  // Products that the library has no way for.
  Result<std::unique_ptr<Launch>> by_tiles(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const {
    const Tactic* tiles = TacticCatalogue::instance().find("cuda.matmul");
    if (!tiles) return unsupported("cuBLASLt has no way for this product, and cuda.matmul is switched off");
    TRY_ASSIGN(std::unique_ptr<Kernel> kernel, tiles->prepare(problem, {}));
    return kernel->launch(shapes, outputs);
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
    REQUIRES(type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFloat,
             "the operands are of type " + std::string(name_of(type)));
    REQUIRES(problem.inputs[1].type == type, "the operands differ in type");
    REQUIRES(output == type || output == DataType::kFloat, "the output is of type " + std::string(name_of(output)));
    REQUIRES(!op->is_quantized() && op->sum_scale == 0 && op->residual_scale == 0 && op->output_scale == 0, "the layer is quantized");
    REQUIRES(!has_input(problem, 2) || (is_constant(problem, 2) && is_floating(problem.inputs[2].type)), "the bias is no constant");
    REQUIRES(!has_input(problem, 2) || problem.inputs[1].rank() >= 2, "a vector has a bias");
    REQUIRES(!has_input(problem, 3) || (problem.inputs[3].dims == problem.outputs[0].dims && is_floating(problem.inputs[3].type)),
             "the residual is broadcast");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<LtKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->problem = problem;
    kernel->plan = plan_of(problem, kernel->op);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    if (kernel->plan.bias) {
      // The library wants it in the type of the output.
      const Array& given = problem.constants[2];
      TRY_ASSIGN(Array bias, Array::make(problem.outputs[0].type, given.shape()));
      bias.mutable_data();
      for (int64_t i = 0; i < given.count(); ++i) bias.set_number(i, given.number(i));
      TRY_ASSIGN(kernel->bias, uploaded(*kernel->device, bias));
    }
    TensorTypes types = problem.inputs;
    for (size_t i = 0; i < types.size(); ++i) {
      if (is_present(problem, i)) types[i].dims = to_dims(problem.opt_inputs[i]);
    }
    kernel->rank = rank_;
    const auto outputs = problem.op->infer(types);
    if (!outputs.ok()) return std::unique_ptr<Kernel>(std::move(kernel));  // nothing to tune for
    TRY_ASSIGN(const ProductParameters p, matmul_geometry(kernel->op, problem.opt_inputs, constant_shape((*outputs)[0].dims)));
    REQUIRES(p.rows > 0 && p.columns > 0 && p.depth > 0 && batch_count(p) > 0, "the product is empty");
    TRY_ASSIGN(const std::unique_ptr<LtProduct> product, kernel->product(p, nullptr, rank_));
    kernel->algorithm = product->algorithm();
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  // About what a GPU of these years takes; the library's first proposal is most often its best.
  std::optional<double> estimate_ms(const Problem& problem) const override {
    double elements = 0;
    for (const Shape& shape : problem.opt_inputs) elements += static_cast<double>(volume(shape).value_or(0));
    return 0.003 + 0.001 * rank_ + elements * 1e-9;
  }

 private:
  int rank_;
  std::string name_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_matmul_cublaslt) {
  for (int rank = 0; rank < cuda::kRanks; ++rank) catalogue.add(std::make_unique<cuda::CublasLtProduct>(rank));
}
}  // namespace ingot
