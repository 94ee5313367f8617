// cuda.matmul: any matrix product, for every type and mix of transposes and broadcasts, as a tiled product; right before fast.
#include "operators/matmul.h"

#include "tactics/cuda/matmul_geometry.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {
namespace {

struct MatMulLaunch final : Launch {
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  ProductParameters parameters{};
  GridSize grid;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    ProductParameters p = parameters;
    p.a = operands.at(arguments, 0);
    p.b = operands.at(arguments, 1);
    p.bias = inputs > 2 ? operands.at(arguments, 2) : nullptr;
    p.residual = inputs > 3 ? operands.at(arguments, 3) : nullptr;
    p.scales = scales.get();
    p.y = arguments.outputs[0];
    return kernel.launch(grid, 256, arguments.stream, p);
  }
};

struct MatMulKernel final : Kernel {
  MatMul op;
  KernelFunction kernel;
  Operands operands;
  DeviceMemory scales;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<MatMulLaunch>();
    TRY_ASSIGN(launch->parameters, matmul_geometry(op, shapes, outputs[0]));
    const ProductParameters& p = launch->parameters;
    const int64_t batches = batch_count(p);
    launch->kernel = kernel;
    launch->operands = operands;
    launch->scales = scales;
    launch->inputs = inputs;
    launch->grid = {ceil_divide(p.rows, 64), ceil_divide(p.columns, 64), batches};
    if (batches > 65535 || launch->grid.y > 65535) return unsupported("the product has more than 65535 batches or tiles of columns");
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct MatMulTiles final : CudaTactic {
  std::string_view name() const override { return "cuda.matmul"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const MatMul*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no matrix product");
    TRY(accepts_product(problem, *op));
    TRY(all_linear(problem));
    REQUIRES(!op->is_quantized() || op->weight_scales.size() <= 1 || problem.inputs[1].rank() >= 2, "a vector has scales");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<MatMulKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    kernel->op = static_cast<const MatMul&>(*problem.op);
    kernel->inputs = problem.inputs.size();
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem));
    const TensorType& b = problem.inputs[1];
    const Dim columns = b.rank() < 2 ? Dim(1) : b.dims[b.dims.size() - (kernel->op.transpose_b ? 2 : 1)];
    if (kernel->op.is_quantized() && !columns.is_constant()) return unsupported("the number of columns is known only at run time");
    TRY_ASSIGN(kernel->scales, product_scales(*device, kernel->op, columns.is_constant() ? columns.value() : 0));
    TRY_ASSIGN(std::string code, product_definitions(problem, kernel->op));
    const bool a_rows_fast = kernel->op.transpose_a && problem.inputs[0].rank() > 1,
               b_columns_fast = !kernel->op.transpose_b && b.rank() > 1;
    code += "#define A_ROWS_FAST " + std::to_string(a_rows_fast) + "\n#define B_COLUMNS_FAST " + std::to_string(b_columns_fast) + "\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("product", code, true), "product"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::MatMulTiles, cuda, matmul)
}  // namespace ingot
