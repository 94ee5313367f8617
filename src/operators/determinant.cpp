#include "operators/determinant.h"

#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

namespace {

// Gaussian elimination with the largest pivot of each column.
double determinant(std::vector<double> matrix, size_t n) {
  double product = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i) {
      if (std::abs(matrix[i * n + k]) > std::abs(matrix[pivot * n + k])) pivot = i;
    }
    if (matrix[pivot * n + k] == 0) return 0;
    if (pivot != k) {
      for (size_t j = k; j < n; ++j) std::swap(matrix[pivot * n + j], matrix[k * n + j]);
      product = -product;
    }
    product *= matrix[k * n + k];
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = matrix[i * n + k] / matrix[k * n + k];
      for (size_t j = k; j < n; ++j) matrix[i * n + j] -= factor * matrix[k * n + j];
    }
  }
  return product;
}

}  // namespace

Result<TensorTypes> Determinant::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  if (x.rank() < 2 || !is_floating(x.type)) return invalid("the input is " + x.text() + "; floating-point matrices [..., n, n] are wanted");
  TRY(same_dim(x.dims[x.dims.size() - 2], x.dims.back(), "rows and columns of a square matrix"));
  return TensorTypes{{x.type, {x.dims.begin(), x.dims.end() - 2}}};
}

Result<Arrays> Determinant::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const int64_t n = x.shape().back();
  if (x.shape()[x.shape().size() - 2] != n) return invalid(to_text(x.shape()) + " are no square matrices");
  TRY_ASSIGN(Array y, Array::make(x.type(), {x.shape().begin(), x.shape().end() - 2}));
  for (int64_t i = 0; i < y.count(); ++i) {
    std::vector<double> matrix(static_cast<size_t>(n * n));
    for (int64_t k = 0; k < n * n; ++k) matrix[static_cast<size_t>(k)] = x.number(i * n * n + k);
    y.set_number(i, determinant(std::move(matrix), static_cast<size_t>(n)));
  }
  return Arrays{y};
}

Result<Tensor*> Determinant::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(Determinant{}, {x}, node.name());
}

OPERATOR(Determinant, determinant, {"Det", one_output<Determinant::from_onnx>})

using namespace testing;

EXAMPLE("a determinant of each matrix") {
  expect_values("input x [2, 2, 2]\ny = determinant(x)\noutput y\n", {{{2, 2, 2}, {1, 2, 3, 4, 0, 2, 3, 1}}}, {-2, -6});
  expect_error("input x [2, 3]\ny = determinant(x)\noutput y\n", "rows and columns of a square matrix: 2 and 3 differ");
}

}  // namespace ingot
