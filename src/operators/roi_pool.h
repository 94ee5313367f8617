// y[r, c, i, j] = the largest element of x[batch of r, c] in cell (i, j) of the region r, whose edges are rounded to elements; 0 where the
// cell is empty. Source: ONNX MaxRoiPool-22; the ROI pooling of Fast R-CNN.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, C, H, W], regions [R, 5] as batch, x0, y0, x1, y1; the last element of a region belongs to it.
struct RoiPool final : OperatorBase<RoiPool> {
  static constexpr const char* kName = "roi_pool";
  int64_t height = 1, width = 1;
  double scale = 1;  // from the regions' coordinates to x's

  template <class Visitor>
  void fields(Visitor visit) {
    visit("height", height);
    visit("width", width);
    visit("scale", scale);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
