// y = the inputs one behind the other along `axis`; their other dims are equal.
// Source: ONNX Concat-13; IConcatenationLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Concat final : OperatorBase<Concat> {
  static constexpr const char* kName = "concat";
  int64_t axis = 0;  // negative counts from the end

  Concat() = default;
  explicit Concat(int64_t axis) : axis(axis) {}

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
