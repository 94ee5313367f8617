// y = the slices of x along an axis (or the elements of x, flattened) whose condition is true.
// Source: ONNX Compress-11.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, condition (bool) [at most the length of the axis].
struct Compress final : OperatorBase<Compress> {
  static constexpr const char* kName = "compress";
  bool flat = true;  // x is flattened first, and `axis` is not used
  int64_t axis = 0;
  std::string symbol;  // names the dim that is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("flat", flat);
    visit("axis", axis);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
