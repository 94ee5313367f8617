// y = exp(x - max(x)) / sum(exp(x - max(x))) along one axis; with `log` its logarithm, x - max(x) - log(sum(exp(x - max(x)))).
// Source: ONNX Softmax, LogSoftmax; ISoftMaxLayer.
#pragma once

#include "network/operator.h"
#include "operators/scaled.h"

namespace ingot {

struct Softmax final : OperatorBase<Softmax>, ScaledFields {
  static constexpr const char* kName = "softmax";
  int64_t axis = -1;  // negative counts from the last
  bool log = false;

  Softmax() = default;
  explicit Softmax(int64_t axis, bool log = false) : axis(axis), log(log) {}
  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("log", log);
    visit_scales(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
