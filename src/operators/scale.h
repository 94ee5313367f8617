// y = (x * scale + shift) ^ power with one value for all, one a channel, or one an element behind the channel axis.
// Source: IScaleLayer; ONNX BatchNormalization in inference.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs x, optional scale, optional shift, optional power (null where left out: 1, 0, 1). Each of those has shape [] or [1] for one value,
// [C] for one a channel (C is x's dimension `axis`), or x's dims from `axis` on.
struct Scale final : OperatorBase<Scale> {
  static constexpr const char* kName = "scale";
  int64_t axis = 1;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
