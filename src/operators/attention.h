// y = softmax(scale * q * k^T + mask) * v, row by row; q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv], y [B, H, S, Dv].
// Source: ONNX Attention-23; IAttention.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs q, k, v, optional mask (null where left out), broadcastable to [B, H, S, T]: a bool one drops where it is false, others are added.
// H is a multiple of Hk; head h reads k and v of head h / (H / Hk).
// With `heads`, the heads lie side by side as matrix products leave them: q [B, S, H*D], k [B, T, Hk*D], v [B, T, Hk*Dv], y [B, S, H*Dv].
// With `packed` as well, q [B, S, (H + 2*Hk) * D] holds q, k and v one behind the other in its last dimension; k and v are left out.
struct Attention final : OperatorBase<Attention> {
  static constexpr const char* kName = "attention";
  double scale = 0;       // 0 stands for 1 / sqrt(D)
  bool causal = false;    // row s sees columns t <= s only
  double softcap = 0;     // where not 0: scores become softcap * tanh(score / softcap) before the mask
  int64_t heads = 0;      // H where heads lie side by side; 0 where they are a dimension
  int64_t key_heads = 0;  // Hk in that case; 0 stands for `heads`
  bool packed = false;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("scale", scale);
    visit("causal", causal);
    visit("softcap", softcap);
    visit("heads", heads);
    visit("key_heads", key_heads);
    visit("packed", packed);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
