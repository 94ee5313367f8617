// y = x, but y[i, indices[i, j, ...], ...] = reduction(y[...], updates[i, j, ...]), where the index stands at `axis`.
// Source: ONNX ScatterElements-18, Scatter-9; IScatterLayer in mode kELEMENT.
#pragma once

#include "operators/scatter.h"

namespace ingot {

// Inputs: x, indices (int32 or int64, negative ones count from the end), updates of the indices' dims.
struct ScatterElements final : OperatorBase<ScatterElements> {
  static constexpr const char* kName = "scatter_elements";
  int64_t axis = 0;
  ScatterReduction reduction = ScatterReduction::kNone;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("reduction", reduction);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
