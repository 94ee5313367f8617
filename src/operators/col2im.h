// y [N, C, image...] = the sums of the blocks of x [N, C * block elements, blocks] at the places that a convolution would read them from.
// Source: ONNX Col2Im-18.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, the dims of the image and of a block as int64 tensors [spatial axes].
struct Col2Im final : OperatorBase<Col2Im> {
  static constexpr const char* kName = "col2im";
  std::vector<int64_t> dilations, pads, strides;  // empty stands for 1s, 0s, 1s; pads are [befores..., afters...]
  std::string symbol;                             // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("dilations", dilations);
    visit("pads", pads);
    visit("strides", strides);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input >= 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
