#include "tactics/cuda/convolution_product.h"

#include "tactics/cuda/product_code.h"

namespace ingot::cuda {

Status is_image_convolution(const Problem& problem) {
  const auto* op = dynamic_cast<const Convolution*>(problem.op);
  REQUIRES(op, std::string(problem.op->name()) + " is no convolution");
  TRY(accepts_window_product(problem, *op));
  REQUIRES(is_channels_last_problem(problem), "the tensors are not channels-last");
  REQUIRES(problem.inputs[0].rank() == 4 && is_constant(problem, 1), "it is not over two dimensions with constant weights");
  REQUIRES(op->groups == 1, "there are " + std::to_string(op->groups) + " groups");
  return Ok{};
}

bool is_plain_product(const Convolution& op, const Shape& w) {
  for (size_t d = 0; d < 2; ++d) {
    if (w[d + 2] != 1 || op.stride(d) != 1 || op.pad_begin(d) != 0 || op.pad_end(d) != 0) return false;
  }
  return true;
}

int64_t product_depth(const Shape& w) { return ceil_divide(w[1] * w[2] * w[3], 8) * 8; }

ProductParameters convolution_product(const Shape& w, const Shape& y) {
  ProductParameters p{};
  p.rows = y[0] * y[2] * y[3];
  p.depth = p.a_row = p.b_column = product_depth(w);
  p.columns = p.y_row = p.residual_row = y[1];
  p.a_depth = p.b_depth = p.y_column = p.residual_column = 1;
  return p;
}

}  // namespace ingot::cuda
