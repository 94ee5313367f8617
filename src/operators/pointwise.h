// y = expression(x0, x1, ...) element by element, with broadcasting: a fused chain of elementwise layers.
#pragma once

#include "operators/expression.h"

namespace ingot {

struct Pointwise final : OperatorBase<Pointwise> {
  static constexpr const char* kName = "pointwise";
  Expression expression;
  DataType to = DataType::kFloat;  // element type of the output

  template <class Visitor>
  void fields(Visitor visit) {
    visit("expression", expression);
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
