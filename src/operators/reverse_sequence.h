// y = x with the first lengths[b] elements along `time_axis` of each batch b in reverse order.
// Source: ONNX ReverseSequence-10; IReverseSequenceLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, lengths (int32 or int64) [batches].
struct ReverseSequence final : OperatorBase<ReverseSequence> {
  static constexpr const char* kName = "reverse_sequence";
  int64_t batch_axis = 1;
  int64_t time_axis = 0;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("batch_axis", batch_axis);
    visit("time_axis", time_axis);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
