// y = `value` everywhere.
// Source: ONNX ConstantOfShape-9.
#pragma once

#include "operators/dim_list.h"

namespace ingot {

// Inputs: none where `dims` holds the dims, else the dims as an integer tensor [rank].
struct Fill final : OperatorBase<Fill> {
  static constexpr const char* kName = "fill";
  Array value;         // one element; its type is y's. Float 0 where not set
  DimList dims;        // numbers; unused where there is an input
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("value", value);
    visit("dims", dims);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 0; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
