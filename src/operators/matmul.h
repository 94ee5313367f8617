// y = a' * b', then the epilogue; a' [batch..., m, k], b' [batch..., k, n] are a and b, transposed in their last two dimensions where
// asked. Batch dimensions broadcast. An operand of rank 1 is a row (a) or a column (b), and its dimension is missing in y. Source: ONNX
// MatMul, Gemm, MatMulInteger, QLinearMatMul; IMatrixMultiplyLayer, IFullyConnectedLayer.
#pragma once

#include "operators/epilogue.h"

namespace ingot {

// Inputs a, b, optional bias [n], optional residual of y's shape (null where left out).
struct MatMul final : OperatorBase<MatMul>, EpilogueFields {
  static constexpr const char* kName = "matmul";
  bool transpose_a = false, transpose_b = false;

  MatMul() = default;
  MatMul(bool transpose_a, bool transpose_b) : transpose_a(transpose_a), transpose_b(transpose_b) {}
  template <class Visitor>
  void fields(Visitor visit) {
    visit("transpose_a", transpose_a);
    visit("transpose_b", transpose_b);
    visit_epilogue(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
