// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, mean and variance taken over each group of channels and all behind them.
// Source: INormalizationLayer with setNbGroups.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, C, spatial...], scale and bias with one value a channel ([C] or [1, C, 1...]) or one a group ([1, G, 1...]).
struct GroupedNormalization final : OperatorBase<GroupedNormalization> {
  static constexpr const char* kName = "grouped_normalization";
  int64_t groups = 1;
  double epsilon = 1e-5;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("groups", groups);
    visit("epsilon", epsilon);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
