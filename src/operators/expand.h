// y = x broadcast against the dims given, in both directions: the larger of the two dims, where one of them is 1, or they are equal.
// Source: ONNX Expand-13.
#pragma once

#include "operators/dim_list.h"

namespace ingot {

// Inputs: x, and the dims as an integer tensor [rank] where `dims` does not hold them.
struct Expand final : OperatorBase<Expand> {
  static constexpr const char* kName = "expand";
  DimList dims;        // unused where there is a second input
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("dims", dims);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
