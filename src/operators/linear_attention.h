// Attention by a state that each position reads and writes: S = exp(decay) * S; v' = v, or beta * (v - S^T k); S += k v'^T; y = scale * S^T
// q. q [B, T, H * D], k [B, T, Hk * D], v [B, T, Hk * Dv], state [B, Hk, D, Dv], decay [B, T, Hk or Hk * D], beta [B, T, Hk or 1]; outputs
// y [B, T, H * Dv] and the state after the last position. Head h reads the state of head h / (H / Hk). Source: ONNX LinearAttention-27.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs q, k, v, optional state (zeros where left out), decay and beta (null where left out: no decay, v' = v).
struct LinearAttention final : OperatorBase<LinearAttention> {
  static constexpr const char* kName = "linear_attention";
  int64_t heads = 1, key_heads = 1;
  double scale = 0;  // 0 stands for 1 / sqrt(D)

  template <class Visitor>
  void fields(Visitor visit) {
    visit("heads", heads);
    visit("key_heads", key_heads);
    visit("scale", scale);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
