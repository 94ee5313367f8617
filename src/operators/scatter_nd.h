// y = x, but y[indices[i..., :]] = reduction(y[...], updates[i...]): slices of x, each chosen by a tuple of indices into its leading axes.
// Source: ONNX ScatterND-18; IScatterLayer in mode kND.
#pragma once

#include "operators/scatter.h"

namespace ingot {

// Inputs: x, indices (int32 or int64, negative ones count from the end) [..., tuple length], updates [..., the rest of x's dims].
struct ScatterNd final : OperatorBase<ScatterNd> {
  static constexpr const char* kName = "scatter_nd";
  ScatterReduction reduction = ScatterReduction::kNone;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("reduction", reduction);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
