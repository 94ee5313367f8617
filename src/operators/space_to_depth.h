// y [N, C * b^2, H / b, W / b] = the b * b squares of x [N, C, H, W] as channels, the place in the square first.
// Source: ONNX SpaceToDepth-13.
#pragma once

#include "network/operator.h"

namespace ingot {

struct SpaceToDepth final : OperatorBase<SpaceToDepth> {
  static constexpr const char* kName = "space_to_depth";
  int64_t block = 1;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("block", block);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
