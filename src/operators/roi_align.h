// y[r, c, i, j] = the mean (or maximum) of samples of x[batch of r, c] within cell (i, j) of the region r.
// Source: ONNX RoiAlign-22.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, C, H, W], regions [R, 4] as x0, y0, x1, y1, their batches [R] as integers.
struct RoiAlign final : OperatorBase<RoiAlign> {
  static constexpr const char* kName = "roi_align";
  bool maximum = false;
  bool half_pixel = true;  // regions are measured from edges of elements; else from their centres, and are at least 1 wide
  int64_t height = 1, width = 1;
  int64_t samples = 0;  // along each axis of a cell; 0 takes as many as there are elements
  double scale = 1;     // from the regions' coordinates to x's

  template <class Visitor>
  void fields(Visitor visit) {
    visit("maximum", maximum);
    visit("half_pixel", half_pixel);
    visit("height", height);
    visit("width", width);
    visit("samples", samples);
    visit("scale", scale);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
