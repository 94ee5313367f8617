// y = the dims of x from `start` to `end`, as int64 [count] (or int32, as asked).
// Source: ONNX Shape-15; IShapeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct ShapeOf final : OperatorBase<ShapeOf> {
  static constexpr const char* kName = "shape";
  static constexpr int64_t kToTheEnd = INT64_MAX;
  int64_t start = 0;        // negative counts from the end; both are clamped to the rank
  int64_t end = kToTheEnd;  // exclusive
  DataType to = DataType::kInt64;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("start", start);
    visit("end", end);
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
