// The int64 index of the largest (or smallest) element along one axis; of equal ones the first, or the last where asked.
// Source: ONNX ArgMax, ArgMin.
#pragma once

#include "network/operator.h"

namespace ingot {

struct ArgReduce final : OperatorBase<ArgReduce> {
  static constexpr const char* kName = "arg_reduce";
  bool smallest = false;
  int64_t axis = 0;
  bool keepdims = true;
  bool last = false;  // of equal elements the last index counts

  template <class Visitor>
  void fields(Visitor visit) {
    visit("smallest", smallest);
    visit("axis", axis);
    visit("keepdims", keepdims);
    visit("last", last);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
