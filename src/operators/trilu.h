// y[..., i, j] = x[..., i, j] where j - i >= k (upper) or j - i <= k (lower), else 0.
// Source: ONNX Trilu-14.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, and k as an integer scalar where the field does not hold it.
struct Trilu final : OperatorBase<Trilu> {
  static constexpr const char* kName = "trilu";
  bool upper = true;
  int64_t k = 0;  // unused where there is a second input

  template <class Visitor>
  void fields(Visitor visit) {
    visit("upper", upper);
    visit("k", k);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
