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
// With `quantize_to`, what the product with down reads is quantized and dequantized before: by the tenth input, one scale, or, with a
// `block`, by scales that follow from each `block` numbers along I, as those of dynamic_quantize; the tenth input then divides them.
struct MixtureOfExperts final : OperatorBase<MixtureOfExperts> {
  static constexpr const char* kName = "mixture_of_experts";
  static constexpr size_t kScale = 9;  // the input
  ExpertActivation activation = ExpertActivation::kSilu;
  // Of silu: act(g) * u = g * sigmoid(alpha * g) * (u + beta), with g cut at limit and u at +-limit.
  double limit = __builtin_inf(), alpha = 1, beta = 0;
  DataType quantize_to = DataType::kFloat;  // fp8, int8, fp4 or int4; float for none
  int64_t block = 0;                        // -1 for all of I; 0 for a scale that is given
  DataType scale_type = DataType::kFloat;   // of the blocks

  template <class Visitor>
  void fields(Visitor visit) {
    visit("activation", activation);
    visit("limit", limit);
    visit("alpha", alpha);
    visit("beta", beta);
    visit("quantize_to", quantize_to);
    visit("block", block);
    visit("scale_type", scale_type);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
