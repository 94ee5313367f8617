// y = op(x...) element by element, with broadcasting. One operator struct serves all scalar functions; its name is the function's.
// Source: ONNX elementwise operators; IElementWiseLayer, IUnaryLayer, IActivationLayer, ISelectLayer, ICastLayer, IParametricReLULayer.
#pragma once

#include "operators/expression.h"

namespace ingot {

struct Elementwise final : OperatorBase<Elementwise> {
  static constexpr const char* kName = "elementwise";
  ScalarOp op = ScalarOp::kIdentity;
  double a = 0, b = 0;             // constants of the function, e.g. clip's bounds; of cast see CastRules in scalar_functions.h
  DataType to = DataType::kFloat;  // of cast

  Elementwise() = default;
  // With the function's usual constants, e.g. 0.01 for leaky_relu.
  explicit Elementwise(ScalarOp op) : op(op), a(default_a_of(op)), b(default_b_of(op)) {}
  Elementwise(ScalarOp op, double a, double b = 0) : op(op), a(a), b(b) {}
  static Elementwise cast(DataType to);
  // Whether a and b are floats, as an expression's nodes hold them.
  bool has_float_parameters() const;

  std::string_view name() const override { return name_of(op); }
  template <class Visitor>
  void fields(Visitor visit) {
    visit("a", a);
    visit("b", b);
    visit("to", to);
  }
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  using OperatorBase::fields;
};

}  // namespace ingot
