#include "tactics/cuda/matmul_geometry.h"

#include <utility>

#include "tactics/cuda/library_product.h"
#include "tactics/cuda/product_code.h"

namespace ingot::cuda {

Result<ProductParameters> matmul_geometry(const MatMul& op, const std::vector<Shape>& shapes, const Shape& output) {
  ProductParameters p{};
  // Both operands as matrices, and the output with the dims that vectors leave out.
  Shape a = shapes[0], b = shapes[1], y = output;
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
  if (shapes.size() > 3 && !shapes[3].empty() && shapes[3].size() <= output.size()) {
    // Aligned with the output as it is, without the dims that vectors leave out.
    const Shape own = broadcast_strides(shapes[3], Format::kLinear, output);
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
  // A single row may lie anywhere: as far from the next as the batch is.
  if (sizes.size() == 1 && p.rows == 1) {
    p.a_row = in_a[0];
    p.y_row = in_y[0];
    p.residual_row = in_residual[0];
  }
  // One matrix b for all of a: its rows make one product.
  if (sizes.size() == 1 && in_b[0] == 0 && in_a[0] == p.rows * p.a_row && in_y[0] == p.rows * p.y_row &&
      in_residual[0] == p.rows * p.residual_row) {
    p.rows *= sizes[0];
    sizes.clear();
  }
  p.batch_rank = static_cast<int>(sizes.size());
  for (size_t d = 0; d < sizes.size(); ++d) {
    p.batch_sizes[d] = sizes[d];
    p.a_batch[d] = in_a[d];
    p.b_batch[d] = in_b[d];
    p.y_batch[d] = in_y[d];
    p.residual_batch[d] = in_residual[d];
  }
  p.residual_scale = static_cast<float>(op.residual_scale);
  p.output_scale = static_cast<float>(op.output_scale);
  return p;
}

int64_t batch_count(const ProductParameters& p) {
  int64_t batches = 1;
  for (int d = 0; d < p.batch_rank; ++d) batches *= p.batch_sizes[d];
  return batches;
}

Status is_one_product(const ProductParameters& p) {
  REQUIRES(p.batch_rank == 0 && p.a_depth == 1 && p.y_column == 1 && p.a_row % 8 == 0 && p.y_row == p.columns,
           "it is not one product with dense rows");
  return Ok{};
}

Result<ProductParameters> constant_product(const Problem& problem) {
  const auto* op = dynamic_cast<const MatMul*>(problem.op);
  REQUIRES(op, std::string(problem.op->name()) + " is no matrix product");
  TRY(all_linear(problem));
  TRY(accepts_product(problem, *op));
  REQUIRES(problem.inputs[0].rank() >= 2 && problem.inputs[1].rank() == 2, "the weights are no matrix");
  REQUIRES(!has_input(problem, 3) || problem.inputs[3].dims == problem.outputs[0].dims, "the residual is broadcast");
  TRY_ASSIGN(const Shape output, tuned_output(problem));
  TRY_ASSIGN(const ProductParameters p, matmul_geometry(*op, problem.opt_inputs, output));
  TRY(is_one_product(p));
  return p;
}

}  // namespace ingot::cuda
