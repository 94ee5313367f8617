// The boxes that a single-shot detector finds: offsets from prior boxes are decoded, each class keeps its best boxes that do not overlap,
// and the best of all classes stay. y[n, 0] = rows of (image, class, score, x0, y0, x1, y1), classes in order, better boxes first.
// Source: SSD (W. Liu et al., 2016), Caffe's DetectionOutput layer; NMS_TRT.
#pragma once

#include "network/operator.h"

namespace ingot {

// How four numbers l of a box, each times its prior's variance, move the prior with corners p0, p1, centre c and size s.
enum class BoxCode {
  kCorner,      // corners p + l
  kCenterSize,  // centre c + l0,1 * s, size s * exp(l2,3)
  kCornerSize,  // corners p + l * s
};
inline EnumWords<BoxCode> words_of(BoxCode) {
  return {{BoxCode::kCorner, "corner"}, {BoxCode::kCenterSize, "center_size"}, {BoxCode::kCornerSize, "corner_size"}};
}

// Inputs: offsets [N, P * 4] (or P * classes * 4), scores [N, P * classes], priors [1 or N, 2, P * 4] with corners and variances; dims
// behind may be 1. Outputs: y [N, 1, K, 7], where rows behind those found have image -1 and zeros, and their number [N, 1, 1, 1] as int32.
struct DetectionOutput final : OperatorBase<DetectionOutput> {
  static constexpr const char* kName = "detection_output";
  int64_t classes = 2;
  bool share_location = true;  // one box for all classes
  int64_t background = 0;      // a class that is not looked for; -1 for none
  double overlap_threshold = 0.3;
  double score_threshold = -__builtin_inf();  // a box stays whose score is above
  int64_t candidates = 0;                     // of a class, by score; 0 for all
  double eta = 1;                             // the overlap threshold shrinks by it after each box, while above 0.5
  int64_t most = 0;                           // K; 0 for as many as there can be
  BoxCode code = BoxCode::kCorner;
  bool variance_encoded = false;  // offsets have the variances in them

  template <class Visitor>
  void fields(Visitor visit) {
    visit("classes", classes);
    visit("share_location", share_location);
    visit("background", background);
    visit("overlap_threshold", overlap_threshold);
    visit("score_threshold", score_threshold);
    visit("candidates", candidates);
    visit("eta", eta);
    visit("most", most);
    visit("code", code);
    visit("variance_encoded", variance_encoded);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
