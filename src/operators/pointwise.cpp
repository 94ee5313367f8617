#include "operators/pointwise.h"

#include "operators/register.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Pointwise::infer(const TensorTypes& inputs) const {
  if (inputs.empty()) return invalid("pointwise needs an input");
  std::vector<DataType> types;
  Dims dims;
  for (const TensorType& input : inputs) {
    types.push_back(input.type);
    TRY_ASSIGN(dims, broadcast(dims, input.dims));
  }
  TRY_ASSIGN(const DataType type, expression.infer(types));
  if (type != to) {
    return invalid("the expression '" + expression.text() + "' gives " + std::string(name_of(type)) + ", but `to` is " +
                   std::string(name_of(to)));
  }
  return TensorTypes{{to, std::move(dims)}};
}

Result<Arrays> Pointwise::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(Array result, evaluate_expression(expression, inputs));
  // Inputs that the expression does not read still take part in the shape.
  Dims dims;
  for (const Array& input : inputs) {
    TRY_ASSIGN(dims, broadcast(dims, to_dims(input.shape())));
  }
  if (to_dims(result.shape()) == dims) return Arrays{std::move(result)};
  TRY_ASSIGN(Array wide, Array::make(result.type(), constant_shape(dims)));
  const Shape& own = result.shape();
  int64_t i = 0;
  for (IndexWalk walk(wide.shape()); !walk.done(); walk.next(), ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < own.size(); ++d) at = at * own[d] + (own[d] == 1 ? 0 : walk.index()[wide.shape().size() - own.size() + d]);
    cast_element(result, at, wide, i);
  }
  return Arrays{std::move(wide)};
}

OPERATOR(Pointwise, pointwise)

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a chain computes as its layers one by one") {
  expect_values("input x [2, 2]\ninput y [2]\nz = pointwise(x, y) expression=\"relu(add(x0, mul(x1, 2)))\"\noutput z\n",
                {{{2, 2}, {1, -5, -1, 3}}, {{2}, {0.5, 1}}}, {2, 0, 0, 5});
}

EXAMPLE("a value that is used twice is written once") {
  expect_values("input x [2]\nz = pointwise(x) expression=\"t0 = exp(x0); div(t0, add(t0, 1))\"\noutput z\n", {{{2}, {0, 1}}},
                {0.5, 0.731059});
}

EXAMPLE("a chain may change the type") {
  expect_values("input x half [2]\nz = pointwise(x) expression=\"cast(mul(x0, 3), to=int32)\" to=int32\noutput z\n", {{{2}, {1.5, -1}}},
                {4, -3});
}

EXAMPLE("an input that is not read widens the result") {
  expect_values("input x [1]\ninput y [3]\nz = pointwise(x, y) expression=\"neg(x0)\"\noutput z\n", {{{1}, {2}}, {{3}, {0, 0, 0}}},
                {-2, -2, -2});
}

EXAMPLE("an expression that reads a missing input is refused") {
  expect_error("input x [2]\nz = pointwise(x) expression=\"add(x0, x1)\"\noutput z\n", "reads x1, but there are 1 inputs");
}

EXAMPLE("an expression of another type than promised is refused") {
  expect_error("input x half [2]\nz = pointwise(x) expression=\"neg(x0)\"\noutput z\n", "gives half, but `to` is float");
}

EXAMPLE("an unknown function is named") {
  expect_error("input x [2]\nz = pointwise(x) expression=\"flip(x0)\"\noutput z\n", "'flip' is no scalar function");
}

EXAMPLE("an expression that breaks off says where") {
  expect_error("input x [2]\nz = pointwise(x) expression=\"add(x0\"\noutput z\n", "at 6 there should be ',' and operand 2 of add");
}

EXAMPLE("constants of functions follow the operands in text") {
  auto parsed = Expression::parse("clip(leaky_relu(x0, a=0.25), a=-1, b=inf)");
  expect_true(parsed.ok() && parsed->nodes.size() == 2 && parsed->nodes[0].a == 0.25f, "it parses to two nodes");
  if (parsed.ok())
    expect_true(parsed->text() == "clip(leaky_relu(x0, a=0.25), a=-1, b=inf)", "it is written as it was read: " + parsed->text());
}

EXAMPLE("a chain of a thousand nodes reads back") {
  Expression chain;
  int32_t last = Expression::input(0);
  for (int i = 0; i < 1000; ++i) last = chain.add(ScalarOp::kNeg, last);
  auto again = Expression::parse(chain.text());
  expect_true(again.ok() && *again == chain, "the text keeps the nodes");
}

EXAMPLE("snap rounds half to even among 256 multiples of its number") {
  expect_values("input x [5]\ny = pointwise(x) expression=\"snap(x0, a=0.5)\"\noutput y\n", {{{5}, {0.25, 0.75, -0.3, 100, -100}}},
                {0, 1, -0.5, 63.5, -64});
}

EXAMPLE("GELU of bytes, quantized after each of its pieces") {
  expect_values(
      "input x int8 [6]\ny = pointwise(x) expression=\"t0 = affine(cast(x0, to=float), a=0.0213, b=0); cast(clip(round(div(mul(t0, "
      "snap(mul(0.5, "
      "snap(add(snap(erf(div(t0, 1.4142135)), a=0.0078), 1), a=0.0157)), a=0.0078)), 0.0213)), a=-128, b=127), to=int8)\" to=int8\noutput "
      "y\n",
      {{{6}, {-128, -50, -1, 0, 40, 127}}}, {-1, -7, 0, 0, 32, 126});
}

EXAMPLE("bytes that are cast twice") {
  expect_values(
      "input x int8 [3]\ny = pointwise(x) expression=\"mul(affine(cast(x0, to=float), a=0.5, b=0), cast(x0, to=float))\"\noutput y\n",
      {{{3}, {-128, 3, 127}}}, {8192, 4.5, 8064.5});
}

}  // namespace ingot::testing
