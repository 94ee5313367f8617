// y[i, j, ...] = x[i, indices[i, j, ...], ...], where the index stands at `axis`.
// Source: ONNX GatherElements-13; IGatherLayer in mode kELEMENT.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, indices (int32 or int64, negative ones count from the end) of x's rank, no larger than x along the other axes.
struct GatherElements final : OperatorBase<GatherElements> {
  static constexpr const char* kName = "gather_elements";
  int64_t axis = 0;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
