// y by Einstein's summation convention: "bij,bjk->bik". Without "->" the labels that stand once, in alphabetical order, are the result's.
// Source: ONNX Einsum; IEinsumLayer.
#pragma once

#include <string>

#include "network/operator.h"

namespace ingot {

struct Einsum final : OperatorBase<Einsum> {
  static constexpr const char* kName = "einsum";
  std::string equation;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("equation", equation);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
