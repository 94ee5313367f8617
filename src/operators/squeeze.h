// y = x without the dims `axes`, which are 1.
// Source: ONNX Squeeze-13; ISqueezeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Squeeze final : OperatorBase<Squeeze> {
  static constexpr const char* kName = "squeeze";
  std::vector<int64_t> axes;  // negative ones count from the end; empty takes all dims that are the number 1

  Squeeze() = default;
  explicit Squeeze(std::vector<int64_t> axes) : axes(std::move(axes)) {}

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axes", axes);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
