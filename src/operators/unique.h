// values, indices, inverse, counts = the different elements of x (or slices along an axis), where each stands first, which one each is, and
// how often each occurs.
// Source: ONNX Unique-11.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Unique final : OperatorBase<Unique> {
  static constexpr const char* kName = "unique";
  bool flat = true;  // x is flattened first, and `axis` is not used
  int64_t axis = 0;
  bool sorted = true;  // else in the order of their first places
  std::string symbol;  // names the number of values, which is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("flat", flat);
    visit("axis", axis);
    visit("sorted", sorted);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<std::vector<Tensor*>> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
