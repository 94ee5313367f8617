// y = the number of elements of x, as an int64 scalar.
// Source: ONNX Size-13.
#pragma once

#include "network/operator.h"

namespace ingot {

struct SizeOf final : OperatorBase<SizeOf> {
  static constexpr const char* kName = "size";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
