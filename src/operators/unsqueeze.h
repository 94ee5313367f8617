// y = x with dims of 1 put in, so that they stand at `axes` of y.
// Source: ONNX Unsqueeze-13; IUnsqueezeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Unsqueeze final : OperatorBase<Unsqueeze> {
  static constexpr const char* kName = "unsqueeze";
  std::vector<int64_t> axes;  // of y; negative ones count from its end

  Unsqueeze() = default;
  explicit Unsqueeze(std::vector<int64_t> axes) : axes(std::move(axes)) {}

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
