// The boxes of a detector that stay, as many rows for each image: of each class the best boxes that do not overlap a better one of it, and
// of all classes the best, by falling score. Source: the documentation of BatchedNMS_TRT and EfficientNMS_TRT.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: boxes [N, count, 1 or classes, 4] as two corners, scores [N, count, classes]. Outputs, K = `most`: how many stay [N, 1] (int32),
// their boxes [N, K, 4] and scores [N, K], their classes and numbers [N, K] (int32). Rows behind those found hold 0, and `no_class` as
// class and -1 as number.
struct BatchedNms final : OperatorBase<BatchedNms> {
  static constexpr const char* kName = "batched_nms";
  int64_t most = 1;
  int64_t most_of_class = 0;  // 0 for any number
  int64_t candidates = 0;     // boxes of a class that are looked at, the best first; 0 for all
  int64_t background = -1;    // a class that is not looked for; -1 for none
  double score_threshold = 0;
  double overlap_threshold = 0.5;
  bool class_agnostic = false;    // boxes of other classes are better ones too
  bool inclusive_pixels = false;  // corners are pixels, so that a box is a pixel wider than their difference
  bool clip = false;              // boxes that stay are clipped to 0..1
  int64_t no_class = 0;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("most", most);
    visit("most_of_class", most_of_class);
    visit("candidates", candidates);
    visit("background", background);
    visit("score_threshold", score_threshold);
    visit("overlap_threshold", overlap_threshold);
    visit("class_agnostic", class_agnostic);
    visit("inclusive_pixels", inclusive_pixels);
    visit("clip", clip);
    visit("no_class", no_class);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
