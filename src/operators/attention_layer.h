// y = normalize(q * k^T + mask) * v as a program asks for it; it comes apart into the core's attention, or into products around a softmax.
// Source: IAttention.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class CausalKind { kNone, kUpperLeft, kLowerRight };
inline EnumWords<CausalKind> words_of(CausalKind) {
  return {{CausalKind::kNone, "none"}, {CausalKind::kUpperLeft, "upper_left"}, {CausalKind::kLowerRight, "lower_right"}};
}

// Inputs: q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv], optional mask broadcastable to [B, H, S, T] (bools drop where false, others
// are added), optional scale that quantizes the normalized scores to `quantize_to`. Null where left out.
struct AttentionLayer final : OperatorBase<AttentionLayer> {
  static constexpr const char* kName = "attention_layer";
  bool softmax = true;                      // else the scores are the weights
  CausalKind causal = CausalKind::kNone;    // upper_left: query i sees keys j <= i; lower_right: j - T <= i - S
  DataType quantize_to = DataType::kFloat;  // of the normalized scores; float for none

  template <class Visitor>
  void fields(Visitor visit) {
    visit("softmax", softmax);
    visit("causal", causal);
    visit("quantize_to", quantize_to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
