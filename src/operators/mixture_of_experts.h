// y[t] = sum over the experts e selected for token t of score[t, e] * (down_e * (act(gate_e * x[t] + bg_e) * (up_e * x[t] + bu_e)) + bd_e).
// Source: IMoELayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class ExpertActivation { kIdentity, kSilu };
inline EnumWords<ExpertActivation> words_of(ExpertActivation) {
  return {{ExpertActivation::kIdentity, "identity"}, {ExpertActivation::kSilu, "silu"}};
}

// Inputs: x [..., H], experts [..., K] (int32 or int64), scores [..., K], then gate [E, H, I], up [E, H, I], down [E, I, H], and optional
// biases of them, [E, I], [E, I], [E, H]. The weights may come later, so types are inferred without them, but nothing runs.
struct MixtureOfExperts final : OperatorBase<MixtureOfExperts> {
  static constexpr const char* kName = "mixture_of_experts";
  ExpertActivation activation = ExpertActivation::kSilu;
  // Of silu: act(g) * u = g * sigmoid(alpha * g) * (u + beta), with g cut at limit and u at +-limit.
  double limit = __builtin_inf(), alpha = 1, beta = 0;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("activation", activation);
    visit("limit", limit);
    visit("alpha", alpha);
    visit("beta", beta);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
