// y[b..., p..., i..., q...] = x[b..., p..., indices[b..., i...], q...]: slices of x along `axis`, chosen by indices.
// Source: ONNX Gather-13; IGatherLayer in mode kDEFAULT.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, indices (int32 or int64, negative ones count from the end).
struct Gather final : OperatorBase<Gather> {
  static constexpr const char* kName = "gather";
  int64_t axis = 0;        // negative counts from the end
  int64_t batch_dims = 0;  // leading dims that x and indices share

  Gather() = default;
  explicit Gather(int64_t axis) : axis(axis) {}

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("batch_dims", batch_dims);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
