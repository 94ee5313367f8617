// y[...] = the determinant of the matrix x[..., :, :].
// Source: ONNX Det-22.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Determinant final : OperatorBase<Determinant> {
  static constexpr const char* kName = "determinant";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
