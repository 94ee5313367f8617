// y[..., i] = exp(x[..., i]) / sum over j < bounds[...] of exp(x[..., j]) where i < bounds[...], else 0: softmax of the first values of
// each row. Source: IRaggedSoftMaxLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [..., K], bounds [..., 1], int32 or int64.
struct RaggedSoftmax final : OperatorBase<RaggedSoftmax> {
  static constexpr const char* kName = "ragged_softmax";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
