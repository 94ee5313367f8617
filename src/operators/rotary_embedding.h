// Pairs of numbers of each head are turned by an angle that grows with the position: (a, b) becomes (a cos - b sin, a sin + b cos).
// x [B, H, S, D], or [B, S, H * D] with `heads`; cos and sin [positions, R / 2] with position_ids (int64 [B, S]), or [B, S, R / 2].
// Source: ONNX RotaryEmbedding-23; IRotaryEmbeddingLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs x, cos, sin, optional position_ids (null where left out).
struct RotaryEmbedding final : OperatorBase<RotaryEmbedding> {
  static constexpr const char* kName = "rotary_embedding";
  bool interleaved = false;  // pairs are neighbours; otherwise (a, b) stand R / 2 apart
  int64_t rotary_dims = 0;   // R, the first numbers of each head, which turn; 0 for all D
  int64_t heads = 0;         // H where x has rank 3

  template <class Visitor>
  void fields(Visitor visit) {
    visit("interleaved", interleaved);
    visit("rotary_dims", rotary_dims);
    visit("heads", heads);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
