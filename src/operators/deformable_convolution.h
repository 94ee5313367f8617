// y[n, m, o...] = bias[m] + sum over c, k of w[m, c, k] * mask[n, k, o] * x[n, c] read at o * stride - pad + k * dilation + offset[n, k,
// o], between elements by linear interpolation, outside of x as 0. Source: ONNX DeformConv-22.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, C, H, W], w [M, C / groups, kernel h, kernel w], offsets [N, offset groups * kernel h * kernel w * 2, output h, output w]
// as (down, right), bias [M] and mask [N, offset groups * kernel h * kernel w, output h, output w]; trailing ones may be missing.
struct DeformableConvolution final : OperatorBase<DeformableConvolution> {
  static constexpr const char* kName = "deformable_convolution";
  std::vector<int64_t> strides = {1, 1}, dilations = {1, 1};
  std::vector<int64_t> pads = {0, 0, 0, 0};  // [befores..., afters...]
  int64_t groups = 1, offset_groups = 1;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("strides", strides);
    visit("dilations", dilations);
    visit("pads", pads);
    visit("groups", groups);
    visit("offset_groups", offset_groups);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
