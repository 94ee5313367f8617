// y[i, j] = 1 where j - i = k, else 0, with the dims of x.
// Source: ONNX EyeLike-9.
#pragma once

#include "network/operator.h"

namespace ingot {

struct EyeLike final : OperatorBase<EyeLike> {
  static constexpr const char* kName = "eye_like";
  int64_t k = 0;
  DataType to = DataType::kFloat;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("k", k);
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
