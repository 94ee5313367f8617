// y[r, c, i, j] = the mean of the channel (c, i, j) of x[batch of r] over cell (i, j) of the region r: each cell has a channel of its own;
// 0 where the cell is empty. Source: the position-sensitive ROI pooling of R-FCN (Caffe's PSROIPooling).
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, outputs * cells * cells, H, W], regions [R, 5] as batch, x0, y0, x1, y1; the last element of a region belongs to it.
struct PositionRoiPool final : OperatorBase<PositionRoiPool> {
  static constexpr const char* kName = "position_roi_pool";
  int64_t outputs = 1;  // channels of y
  int64_t cells = 1;    // along each axis
  double scale = 1;     // from the regions' coordinates to x's

  template <class Visitor>
  void fields(Visitor visit) {
    visit("outputs", outputs);
    visit("cells", cells);
    visit("scale", scale);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
