// y = x, but y[b, ..., start[b] + i, ...] = updates[b, ..., i, ...] along `axis`: new entries of a cache of keys or values.
// Source: ONNX TensorScatter-24; IKVCacheUpdateLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [batch, ...], updates of x's dims but for the axis, and the starts as an integer tensor [batch]; 0 where these are missing.
struct TensorScatter final : OperatorBase<TensorScatter> {
  static constexpr const char* kName = "tensor_scatter";
  int64_t axis = -2;
  bool circular = false;  // places past the end continue at the beginning; else they are refused

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("circular", circular);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
