// y = a' * b' where either operand may be a vector: the last dimension of a is then a row, that of b a column, and y has no dimension for
// it; all dimensions in front are batches, which broadcast. Source: IMatrixMultiplyLayer with MatrixOperation::kVECTOR.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class MatrixForm { kPlain, kTransposed, kVector };
inline EnumWords<MatrixForm> words_of(MatrixForm) {
  return {{MatrixForm::kPlain, "plain"}, {MatrixForm::kTransposed, "transposed"}, {MatrixForm::kVector, "vector"}};
}

struct MatrixProduct final : OperatorBase<MatrixProduct> {
  static constexpr const char* kName = "matrix_product";
  MatrixForm a = MatrixForm::kPlain, b = MatrixForm::kPlain;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("a", a);
    visit("b", b);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
