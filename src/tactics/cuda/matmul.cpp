// cuda.matmul: any matrix product, for every type and mix of transposes and broadcasts, as a tiled product; right before fast.
#include "operators/matmul.h"

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
    // Both operands as matrices, and the output with the dims that vectors leave out.
    Shape a = shapes[0], b = shapes[1], y = outputs[0];
    const bool row = a.size() == 1, column = b.size() == 1;
    if (row) a.insert(a.begin(), 1);
    if (column) b.push_back(1);
    if (row) y.insert(y.end() - (column ? 0 : 1), 1);
    if (column) y.push_back(1);
    const size_t rank = y.size();
    Shape a_strides = row_major_strides(a), b_strides = row_major_strides(b);
    if (op.transpose_a && !row) {
      std::swap(a[a.size() - 1], a[a.size() - 2]);
      std::swap(a_strides[a.size() - 1], a_strides[a.size() - 2]);
    }
    if (op.transpose_b && !column) {
      std::swap(b[b.size() - 1], b[b.size() - 2]);
      std::swap(b_strides[b.size() - 1], b_strides[b.size() - 2]);
    }
    ProductParameters& p = launch->parameters;
    p.rows = a[a.size() - 2];
    p.depth = a[a.size() - 1];
    p.columns = b[b.size() - 1];
    p.a_row = a_strides[a.size() - 2];
    p.a_depth = a_strides[a.size() - 1];
    p.b_depth = b_strides[b.size() - 2];
    p.b_column = b_strides[b.size() - 1];
    const Shape y_strides = row_major_strides(y);
    p.y_row = y_strides[rank - 2];
    p.y_column = y_strides[rank - 1];
    Shape residual(rank, 0);
    if (inputs > 3 && !shapes[3].empty() && shapes[3].size() <= outputs[0].size()) {
      // Aligned with the output as it is, without the dims that vectors leave out.
      const Shape own = broadcast_strides(shapes[3], Format::kLinear, outputs[0]);
      size_t at = 0;
      for (size_t d = 0; d < rank; ++d) {
        const bool left_out = (row && d == rank - 2) || (column && d == rank - 1);
        if (!left_out) residual[d] = own[at++];
      }
    }
    p.residual_row = residual[rank - 2];
    p.residual_column = residual[rank - 1];
    Shape sizes(y.begin(), y.end() - 2), in_a(rank - 2, 0), in_b(rank - 2, 0), in_y(y_strides.begin(), y_strides.end() - 2),
        in_residual(residual.begin(), residual.end() - 2);
    const auto batch_strides = [&](const Shape& shape, const Shape& strides, Shape* to) {
      for (size_t d = 0; d + 2 < shape.size(); ++d) {
        if (shape[d] != 1) (*to)[rank - shape.size() + d] = strides[d];
      }
    };
    batch_strides(a, a_strides, &in_a);
    batch_strides(b, b_strides, &in_b);
    TRY(merge_dims(&sizes, {&in_a, &in_b, &in_y, &in_residual}));
    // One matrix b for all of a: its rows make one product.
    if (sizes.size() == 1 && in_b[0] == 0 && in_a[0] == p.rows * p.a_row && in_y[0] == p.rows * p.y_row && in_residual[0] == p.rows * p.residual_row) {
      p.rows *= sizes[0];
      sizes.clear();
    }
    int64_t batches = 1;
    p.batch_rank = static_cast<int>(sizes.size());
    for (size_t d = 0; d < sizes.size(); ++d) {
      p.batch_sizes[d] = sizes[d];
      p.a_batch[d] = in_a[d];
      p.b_batch[d] = in_b[d];
      p.y_batch[d] = in_y[d];
      p.residual_batch[d] = in_residual[d];
      batches *= sizes[d];
    }
    p.residual_scale = static_cast<float>(op.residual_scale);
    p.output_scale = static_cast<float>(op.output_scale);
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
  std::vector<Formats> proposals(const Problem& problem) const override {
    return {{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kLinear}}};
  }

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
    const bool a_rows_fast = kernel->op.transpose_a && problem.inputs[0].rank() > 1, b_columns_fast = !kernel->op.transpose_b && b.rank() > 1;
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
