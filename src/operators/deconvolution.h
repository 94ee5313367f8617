// The transpose of convolution: y[n, m, i*stride + k*dilation - pad_begin] += x[n, c, i] * w[c, m, k], then the epilogue.
// x [N, groups*C, spatial...], w [groups*C, M / groups, kernel...], bias [M], residual of y's shape.
// Length of y: (length - 1)*stride + (kernel - 1)*dilation + 1 + output_padding - pad_begin - pad_end.
// Source: ONNX ConvTranspose; IDeconvolutionLayer.
#pragma once

#include "operators/epilogue.h"
#include "operators/window.h"

namespace ingot {

// Inputs x, w, optional bias, optional residual (null where left out).
struct Deconvolution final : OperatorBase<Deconvolution>, Window, EpilogueFields {
  static constexpr const char* kName = "deconvolution";
  int64_t groups = 1;
  std::vector<int64_t> output_padding;  // more outputs at the end; empty for none
  // Lengths asked for: pads follow from them (the odd one at the beginning, for same_upper at the end). Empty where pads count.
  // With auto_pad and no output_shape the length of y is length * stride.
  std::vector<int64_t> output_shape;

  template <class Visitor>
  void fields(Visitor visit) {
    visit_window(visit);
    visit("groups", groups);
    visit("output_padding", output_padding);
    visit("output_shape", output_shape);
    visit_epilogue(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  // Pads in force for known lengths: output_shape and auto_pad are resolved.
  Pads deconvolution_pads(const Shape& spatial, const Shape& kernel) const;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
