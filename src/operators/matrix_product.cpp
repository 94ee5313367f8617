#include "operators/matrix_product.h"

#include "operators/matmul.h"
#include "operators/register.h"
#include "operators/squeeze.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> MatrixProduct::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 2) return invalid("matrix_product takes two operands; got " + std::to_string(inputs.size()));
  TensorTypes operands = inputs;
  for (size_t i = 0; i < 2; ++i) {
    const bool vector = (i ? b : a) == MatrixForm::kVector;
    if (operands[i].rank() < (vector ? 1 : 2))
      return invalid("operand " + std::to_string(i) + " is " + operands[i].text() + "; a " + (vector ? "vector has 1" : "matrix has 2") +
                     " dimensions or more");
    if (vector) operands[i].dims.insert(i ? operands[i].dims.end() : operands[i].dims.end() - 1, Dim(1));
  }
  TRY_ASSIGN(TensorTypes types, MatMul(a == MatrixForm::kTransposed, b == MatrixForm::kTransposed).infer(operands));
  types[0].values.reset();
  if (b == MatrixForm::kVector) types[0].dims.pop_back();
  if (a == MatrixForm::kVector) types[0].dims.erase(types[0].dims.end() - (b == MatrixForm::kVector ? 1 : 2));
  return types;
}

Result<std::vector<Tensor*>> MatrixProduct::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  Tensor *left = inputs[0], *right = inputs[1];
  if (a == MatrixForm::kVector) {
    TRY_ASSIGN(left, network.add(Unsqueeze({-2}), {left}));
  }
  if (b == MatrixForm::kVector) {
    TRY_ASSIGN(right, network.add(Unsqueeze({-1}), {right}));
  }
  TRY_ASSIGN(Tensor * y, network.add(MatMul(a == MatrixForm::kTransposed, b == MatrixForm::kTransposed), {left, right}));
  std::vector<int64_t> gone;
  if (a == MatrixForm::kVector) gone.push_back(-2);
  if (b == MatrixForm::kVector) gone.push_back(-1);
  if (!gone.empty()) {
    TRY_ASSIGN(y, network.add(Squeeze(gone), {y}));
  }
  return std::vector<Tensor*>{y};
}

OPERATOR(MatrixProduct, matrix_product)

using namespace testing;

EXAMPLE("a batch of vectors times one matrix, and matrices times a vector") {
  expect_values("input x [2, 2]\ninput m [1, 2, 3]\ny = matrix_product(x, m) a=vector\noutput y\n",
                {{{2, 2}, {1, 2, 3, 4}}, {{1, 2, 3}, {1, 0, 1, 0, 1, 1}}}, {1, 2, 3, 3, 4, 7});
  expect_values("input m [2, 2]\ninput v [2]\ny = matrix_product(m, v) a=transposed b=vector\noutput y\n",
                {{{2, 2}, {1, 2, 3, 4}}, {{2}, {1, 10}}}, {31, 42});
  expect_values("input v [2]\ninput w [2]\ny = matrix_product(v, w) a=vector b=vector\noutput y\n", {{{2}, {1, 2}}, {{2}, {3, 4}}}, {11});
}

EXAMPLE("a matrix has two dimensions") {
  expect_error("input v [2]\ninput w [2]\ny = matrix_product(v, w) a=vector\noutput y\n", "operand 1 is float [2]");
}

}  // namespace ingot
