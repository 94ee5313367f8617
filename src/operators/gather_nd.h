// y[b..., i...] = x[b..., indices[b..., i..., :]]: slices of x, each chosen by a tuple of indices into its leading axes.
// Source: ONNX GatherND-13; IGatherLayer in mode kND.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, indices (int32 or int64, negative ones count from the end) [..., tuple length], the length known.
struct GatherNd final : OperatorBase<GatherNd> {
  static constexpr const char* kName = "gather_nd";
  int64_t batch_dims = 0;  // leading dims that x and indices share

  template <class Visitor>
  void fields(Visitor visit) {
    visit("batch_dims", batch_dims);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
