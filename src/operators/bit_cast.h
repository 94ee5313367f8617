// y = the bits of x read as elements of another type of the same size.
// Source: ONNX BitCast-26.
#pragma once

#include "network/operator.h"

namespace ingot {

struct BitCast final : OperatorBase<BitCast> {
  static constexpr const char* kName = "bit_cast";
  DataType to = DataType::kFloat;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
