// Regions out of a map of scores and shifts, one for each anchor at each place: decoded, cut to the image, the small ones left out, then by
// falling score those that do not overlap a better one. Pixels count from 0 to length - 1, so a region's width is x1 - x0 + 1.
// Source: the Proposal layer of Caffe's Faster R-CNN; RPROI_TRT of TensorRT.
#pragma once

#include <array>

#include "network/operator.h"

namespace ingot {

// Inputs: scores [N, 2*A, H, W], the foreground's behind the background's; shifts [N, 4*A, H, W] as (x, y, log width, log height) of each
// anchor; images [N or 1, 2 or more] as height, width and, where there is a third, the scale that min_size is multiplied by.
// Outputs: regions [R, 5] as batch, x0, y0, x1, y1, and their scores [R, 1]. Anchors run over ratios, each with all scales. Where it is
// padded, each image has `most` regions, and behind those found stand its batch and zeros.
struct Proposal final : OperatorBase<Proposal> {
  static constexpr const char* kName = "proposal";
  int64_t stride = 16;     // pixels of the image for one place of the map
  int64_t base_size = 16;  // of the anchor of ratio 1 and scale 1
  double min_size = 16;
  std::vector<double> ratios = {0.5, 1, 2};  // height over width
  std::vector<double> scales = {8, 16, 32};
  int64_t candidates = 6000;  // the best ones that are looked at, of each image; 0 for all
  int64_t most = 300;         // that stay, of each image
  double overlap_threshold = 0.7;
  bool padded = false;
  std::string symbol;  // names R, which is known only at run time where it is not padded; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("stride", stride);
    visit("base_size", base_size);
    visit("min_size", min_size);
    visit("ratios", ratios);
    visit("scales", scales);
    visit("candidates", candidates);
    visit("most", most);
    visit("overlap_threshold", overlap_threshold);
    visit("padded", padded);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  // x0, y0, x1, y1 of each at the place 0, 0.
  std::vector<std::array<double, 4>> anchors() const;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
