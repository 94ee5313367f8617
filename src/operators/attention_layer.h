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
// are added), optional scale that quantizes the normalized scores to `quantize_to`, optional lengths of the sequences of q and of k and v.
// Null where left out. y has the form of q.
// Queries, or keys and values, may be packed: all tokens one behind the other, [N, H, D]. Their lengths are then the places where
// sequences begin and the last one ends, [B + 1]. Lengths of padded sequences are [B], or such places too: no key behind the end of its
// sequence is seen, and what stands behind the end of the queries of a sequence means nothing. Rows and columns of causal masks count
// from the begin of the sequences, and lower_right aligns their ends. Masks go with padded sequences alone.
struct AttentionLayer final : OperatorBase<AttentionLayer> {
  static constexpr const char* kName = "attention_layer";
  bool softmax = true;                      // else the scores are the weights; those of keys that are not seen are 0
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
