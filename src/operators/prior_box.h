// y[0, 0] = corners (x0, y0, x1, y1) of boxes around the centre of each element of a feature map, as parts of the image; y[0, 1] = their
// variances. At each element, for each smallest size s: a square of s, one of sqrt(s * largest size), and for each aspect ratio a one
// s*sqrt(a) by s/sqrt(a). Source: SSD (W. Liu et al., 2016), Caffe's PriorBox layer.
#pragma once

#include <array>

#include "network/operator.h"

namespace ingot {

// Inputs: features [N, C, H, W] and image [N, C, IH, IW]; only their sizes matter. Output [1, 2, H * W * boxes * 4].
struct PriorBox final : OperatorBase<PriorBox> {
  static constexpr const char* kName = "prior_box";
  std::vector<double> min_sizes;          // in pixels of the image
  std::vector<double> max_sizes;          // none, or one for each of min_sizes
  std::vector<double> aspect_ratios;      // width / height, besides 1
  bool flip = true;                       // the inverse of each ratio too
  bool clip = false;                      // to the image
  std::vector<double> variances = {0.1};  // one for all corners, or four
  double step_x = 0, step_y = 0;          // pixels between elements; 0 takes image size / map size
  double offset = 0.5;                    // of a centre within its element

  template <class Visitor>
  void fields(Visitor visit) {
    visit("min_sizes", min_sizes);
    visit("max_sizes", max_sizes);
    visit("aspect_ratios", aspect_ratios);
    visit("flip", flip);
    visit("clip", clip);
    visit("variances", variances);
    visit("step_x", step_x);
    visit("step_y", step_y);
    visit("offset", offset);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;

  // 1 first, none twice, inverses where `flip` asks for them.
  std::vector<double> ratios() const;
  // Width and height of each box at a place, in pixels.
  std::vector<std::array<double, 2>> boxes() const;
};

}  // namespace ingot
