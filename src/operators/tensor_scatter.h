// y = x, but y[b, ..., start[b] + i, ...] = updates[b, ..., i, ...] along `axis`: new entries of a cache of keys or values.
// Source: ONNX TensorScatter-24; IKVCacheUpdateLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [batch, ...], updates of x's dims but for the axis, optional starts as an integer tensor [batch], 0 where left out, and
// optional lengths: how many entries each batch has, [batch], or the places where their entries begin and the last ones end, [batch + 1].
// Updates of one dim less are packed: the entries of all batches one behind the other, [entries, x's dims without batch and axis]; their
// lengths are places.
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
  // Whether updates of that rank are packed.
  static bool is_packed(int64_t rank, int64_t updates) { return updates == rank - 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
