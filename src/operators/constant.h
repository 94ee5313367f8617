// y = x, where x is a constant tensor: the layer that stands for a constant.
// Source: ONNX Constant-19; IConstantLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Constant final : OperatorBase<Constant> {
  static constexpr const char* kName = "constant";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  // An ONNX Constant becomes a constant tensor, without a layer.
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
