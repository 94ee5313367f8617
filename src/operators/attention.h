// y = softmax(scale * q * k^T + mask) * v, row by row; q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv], y [B, H, S, Dv].
// Source: ONNX Attention-23; IAttention.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs q, k, v, optional mask (null where left out), broadcastable to [B, H, S, T]: a bool one drops where it is false, others are added.
// H is a multiple of Hk; head h reads k and v of head h / (H / Hk).
struct Attention final : OperatorBase<Attention> {
  static constexpr const char* kName = "attention";
  double scale = 0;     // 0 stands for 1 / sqrt(D)
  bool causal = false;  // row s sees columns t <= s only
  double softcap = 0;   // where not 0: scores become softcap * tanh(score / softcap) before the mask

  template <class Visitor>
  void fields(Visitor visit) {
    visit("scale", scale);
    visit("causal", causal);
    visit("softcap", softcap);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
