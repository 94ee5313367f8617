// y[..., d, ...] = values[1] where d is indices[...], else values[0]; the axis of `depth` elements is put in at `axis`.
// Source: ONNX OneHot-11; IOneHotLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: indices of any number type (negative ones count from the end; those outside match nothing), depth (a scalar or [1]),
// values [2]: off and on.
struct OneHot final : OperatorBase<OneHot> {
  static constexpr const char* kName = "onehot";
  int64_t axis = -1;   // of y
  std::string symbol;  // of the new dim where the depth is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
