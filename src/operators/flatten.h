// y [d0 * ... * d(axis-1), d(axis) * ...] = the elements of x.
// Source: ONNX Flatten-13.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Flatten final : OperatorBase<Flatten> {
  static constexpr const char* kName = "flatten";
  int64_t axis = 1;  // in [-rank, rank]

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
