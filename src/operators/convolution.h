// y[n, m, o...] = sum over c, k... of x[n, g*C + c, o*stride + k*dilation - pad_begin] * w[m, c, k...], then the epilogue; x is 0 outside.
// x [N, groups*C, spatial...], w [M, C, kernel...], bias [M], residual of y's shape; g = m / (M / groups). 1 to 3 spatial dimensions.
// Source: ONNX Conv, ConvInteger, QLinearConv; IConvolutionLayer.
#pragma once

#include "operators/epilogue.h"
#include "operators/window.h"

namespace ingot {

// Inputs x, w, optional bias, optional residual (null where left out). The kernel's shape is that of w.
struct Convolution final : OperatorBase<Convolution>, Window, EpilogueFields {
  static constexpr const char* kName = "convolution";
  int64_t groups = 1;

  template <class Visitor>
  void fields(Visitor visit) {
    visit_window(visit);
    visit("groups", groups);
    visit_epilogue(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
