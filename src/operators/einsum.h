// y by Einstein's summation convention: "bij,bjk->bik". Without "->" the labels that stand once, in alphabetical order, are the result's;
// "..." stands for further dimensions, which broadcast. A label that an operand has twice takes its diagonal.
// Source: ONNX Einsum; IEinsumLayer.
#pragma once

#include <string>

#include "network/operator.h"

namespace ingot {

struct Einsum final : OperatorBase<Einsum> {
  static constexpr const char* kName = "einsum";
  std::string equation;

  Einsum() = default;
  explicit Einsum(std::string equation) : equation(std::move(equation)) {}
  template <class Visitor>
  void fields(Visitor visit) {
    visit("equation", equation);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  // Dims of the result, and of the labels that are summed for each element of it; by operand, how many elements it moves with each of them.
  struct Walk {
    Shape outer, inner;
    std::vector<Shape> strides;
  };
  Result<Walk> walk(const std::vector<Shape>& inputs) const;
  // Two operands without diagonals and ellipses as sums, transposes, reshapes and one matrix product; declined for others.
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
