// y[b, i] = a class drawn with the probabilities softmax(x[b, :]), for i < count.
// Source: ONNX Multinomial-22.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Multinomial final : OperatorBase<Multinomial> {
  static constexpr const char* kName = "multinomial";
  int64_t count = 1;
  int64_t seed = 0;
  DataType to = DataType::kInt32;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("count", count);
    visit("seed", seed);
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool is_pure() const override { return false; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
