// y [n, 3] = (batch, class, box) of the boxes that stay: by falling score, a box goes that overlaps a better one of its class by more than
// the threshold (area of the intersection over that of the union).
// Source: ONNX NonMaxSuppression-11; INMSLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: boxes [batches, count, 4], scores [batches, classes, count], then the most boxes of a class, the overlap threshold and the score
// threshold as one element each; trailing ones may be missing, and the fields stand for them. With `classes_last`, scores are
// [batches, count, classes], and boxes may be [batches, count, classes or 1, 4].
struct Nms final : OperatorBase<Nms> {
  static constexpr const char* kName = "nms";
  bool centered = false;  // boxes are [x, y, width, height] of the centre; else [y, x, y, x] of two corners
  int64_t most = 0;       // of a class
  double overlap_threshold = 0;
  double score_threshold = -__builtin_inf();  // a box stays whose score is above
  bool classes_last = false;
  bool with_count = false;  // a second output: n, an int32 scalar
  int64_t candidates = 0;   // where not 0: only so many of the best boxes of a class are looked at
  DataType index_type = DataType::kInt64;
  std::string symbol;  // names n, which is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("centered", centered);
    visit("most", most);
    visit("overlap_threshold", overlap_threshold);
    visit("score_threshold", score_threshold);
    visit("classes_last", classes_last);
    visit("with_count", with_count);
    visit("candidates", candidates);
    visit("index_type", index_type);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
