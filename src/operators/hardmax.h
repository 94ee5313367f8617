// y = 1 at the first largest element along one axis, 0 elsewhere.
// Source: ONNX Hardmax.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Hardmax final : OperatorBase<Hardmax> {
  static constexpr const char* kName = "hardmax";
  int64_t axis = -1;  // negative counts from the last

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
