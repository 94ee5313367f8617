// y [batch..., M, 1, 1] = w * x + b over the last three dimensions of x [batch..., C, H, W], taken as one vector.
// Source: IFullyConnectedLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, w [M, C*H*W], optional b [M].
struct FullyConnected final : OperatorBase<FullyConnected> {
  static constexpr const char* kName = "fully_connected";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
