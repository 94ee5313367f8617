#include "operators/elementwise.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {
namespace {

using Values = std::vector<Dim>;

// 1 or 0 where the ranges of x and y decide the comparison.
std::optional<Dim> compare(ScalarOp op, const Dim& x, const Dim& y) {
  const auto range = range_of(x - y);
  if (!range) return std::nullopt;
  const auto decide = [](bool always, bool never) -> std::optional<Dim> {
    return always ? std::optional<Dim>(1) : never ? std::optional<Dim>(0) : std::nullopt;
  };
  switch (op) {
    case ScalarOp::kEqual: return decide(range->least == 0 && range->most == 0, range->least > 0 || range->most < 0);
    case ScalarOp::kLess: return decide(range->most < 0, range->least >= 0);
    case ScalarOp::kGreater: return decide(range->least > 0, range->most <= 0);
    case ScalarOp::kLessEqual: return decide(range->most <= 0, range->least > 0);
    default: return decide(range->least >= 0, range->most < 0);
  }
}

// The function on symbolic numbers, of the operands' type; nothing where it has no symbolic form.
std::optional<Dim> compute_symbolic(const Elementwise& layer, DataType type, const Dim* x) {
  const ScalarOp op = layer.op;
  const int arity = arity_of(op);
  bool all_known = true;
  for (int k = 0; k < arity; ++k) all_known = all_known && x[k].is_constant();
  if (all_known && op != ScalarOp::kCast) {
    return Dim(compute_integer(op, type, x[0].value(), arity > 1 ? x[1].value() : 0, arity > 2 ? x[2].value() : 0, layer.a, layer.b));
  }
  const auto not_negative = [](const Dim& dim) {
    const auto range = range_of(dim);
    return range && range->least >= 0;
  };
  switch (op) {
    case ScalarOp::kIdentity: return x[0];
    case ScalarOp::kCast:
      if (layer.to != DataType::kBool) return all_known ? Dim(wrap_integer(layer.to, x[0].value())) : x[0];
      if (all_known) return Dim(x[0].value() != 0 ? 1 : 0);
      return not_negative(x[0] - Dim(1)) ? std::optional<Dim>(1) : std::nullopt;
    case ScalarOp::kNeg: return -x[0];
    case ScalarOp::kAbs:
    case ScalarOp::kRelu: return not_negative(x[0]) ? std::optional<Dim>(x[0]) : std::nullopt;
    case ScalarOp::kAdd: return x[0] + x[1];
    case ScalarOp::kSub: return x[0] - x[1];
    case ScalarOp::kMul: return x[0] * x[1];
    case ScalarOp::kDiv:  // rounds to zero, which is down only for what is not negative
      if (!not_negative(x[0]) || !not_negative(x[1] - Dim(1))) return std::nullopt;
      return Dim::floor_divide(x[0], x[1]);
    case ScalarOp::kFloorDiv: return not_negative(x[1] - Dim(1)) ? std::optional<Dim>(Dim::floor_divide(x[0], x[1])) : std::nullopt;
    case ScalarOp::kMod:
      if (!not_negative(x[1] - Dim(1))) return std::nullopt;
      return x[0] - Dim::floor_divide(x[0], x[1]) * x[1];
    case ScalarOp::kMin: return smaller(x[0], x[1]);
    case ScalarOp::kMax: return larger(x[0], x[1]);
    case ScalarOp::kEqual:
    case ScalarOp::kLess:
    case ScalarOp::kGreater:
    case ScalarOp::kLessEqual:
    case ScalarOp::kGreaterEqual: return compare(op, x[0], x[1]);
    case ScalarOp::kSelect:
      if (x[0].is_constant()) return x[x[0].value() != 0 ? 1 : 2];
      return x[1] == x[2] ? std::optional<Dim>(x[1]) : std::nullopt;
    default: return std::nullopt;
  }
}

// The elements of the output, where those of all inputs are known or symbolic.
std::optional<Values> infer_values(const Elementwise& layer, const TensorTypes& inputs, const TensorType& output) {
  if (is_floating(output.type) || !all_constant(output.dims)) return std::nullopt;
  const Shape shape = constant_shape(output.dims);
  const auto count = volume(shape);
  if (!count.ok() || *count > TensorType::kMostValues) return std::nullopt;
  for (const TensorType& input : inputs) {
    if (!input.values || !all_constant(input.dims) || is_floating(input.type)) return std::nullopt;
  }
  Values result;
  for (IndexWalk walk(shape); !walk.done(); walk.next()) {
    Dim operands[3];
    for (size_t k = 0; k < inputs.size(); ++k) {
      const Shape own = constant_shape(inputs[k].dims);
      int64_t at = 0;
      for (size_t d = 0; d < own.size(); ++d) at = at * own[d] + (own[d] == 1 ? 0 : walk.index()[shape.size() - own.size() + d]);
      if (at >= static_cast<int64_t>(inputs[k].values->size())) return std::nullopt;
      operands[k] = (*inputs[k].values)[static_cast<size_t>(at)];
    }
    // A selection is of the type of what it selects, not of its condition.
    const auto value = compute_symbolic(layer, inputs[layer.op == ScalarOp::kSelect ? 1 : 0].type, operands);
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

}  // namespace

Elementwise Elementwise::cast(DataType to) {
  Elementwise layer(ScalarOp::kCast);
  layer.to = to;
  return layer;
}

bool Elementwise::has_float_parameters() const {
  const auto is_float = [](double value) { return static_cast<double>(static_cast<float>(value)) == value || std::isnan(value); };
  return is_float(a) && is_float(b);
}

Result<TensorTypes> Elementwise::infer(const TensorTypes& inputs) const {
  std::vector<DataType> types;
  TensorType output;
  for (const TensorType& input : inputs) types.push_back(input.type);
  TRY_ASSIGN(output.type, infer_scalar_op(op, types, to));
  output.dims = inputs[0].dims;
  for (size_t k = 1; k < inputs.size(); ++k) {
    TRY_ASSIGN(output.dims, broadcast(output.dims, inputs[k].dims));
  }
  output.values = infer_values(*this, inputs, output);
  return TensorTypes{std::move(output)};
}

Result<Arrays> Elementwise::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(Array result, evaluate_scalar_op(op, inputs, a, b, to));
  return Arrays{std::move(result)};
}

namespace {

template <size_t kIndex>
std::unique_ptr<Operator> make_elementwise() {
  return std::make_unique<Elementwise>(static_cast<ScalarOp>(kIndex));
}

template <size_t... kIndices>
void add_all(OperatorCatalogue& catalogue, std::index_sequence<kIndices...>) {
  (catalogue.add(name_of(static_cast<ScalarOp>(kIndices)), make_elementwise<kIndices>), ...);
}

}  // namespace

REGISTER_OPERATORS(elementwise) { add_all(catalogue, std::make_index_sequence<static_cast<size_t>(ScalarOp::kCount)>()); }

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("operands broadcast against each other") {
  expect_values("input x [2, 1]\ninput y [3]\nz = sub(x, y)\noutput z\n", {{{2, 1}, {10, 20}}, {{3}, {1, 2, 3}}}, {9, 8, 7, 19, 18, 17});
}

EXAMPLE("a symbolic dimension goes with an equal one and with 1") {
  expect_types("input x [n, 1, 4]\ninput y [n, 3, 1]\nz = mul(x, y)\noutput z\n", {"float [n, 3, 4]"});
}

EXAMPLE("operands of different types are refused") {
  expect_error("input x [2]\ninput y int32 [2]\nz = add(x, y)\noutput z\n", "add takes two numbers of one type, not float, int32");
}

EXAMPLE("shapes that do not broadcast are refused") { expect_error("input x [2]\ninput y [3]\nz = add(x, y)\noutput z\n", "[2]"); }

EXAMPLE("a function of floating-point numbers refuses integers") {
  expect_error("input x int64 [2]\ny = exp(x)\noutput y\n", "exp takes floating-point numbers, not int64");
}

EXAMPLE("integer division rounds to zero, floor_div down, and a division by 0 gives 0") {
  expect_values("input x int32 [4]\ninput y int32 [4]\nq = div(x, y)\nf = floor_div(x, y)\noutput q\noutput f\n",
                {{{4}, {7, -7, 7, 5}}, {{4}, {2, 2, -2, 0}}}, {3, -3, -3, 0, 3, -4, -4, 0});
}

EXAMPLE("mod takes the sign of the divisor, fmod that of the dividend") {
  expect_values("input x int64 [2]\ninput y int64 [2]\nm = mod(x, y)\nf = fmod(x, y)\noutput m\noutput f\n",
                {{{2}, {-7, 7}}, {{2}, {3, -3}}}, {2, -2, -1, 1});
}

EXAMPLE("integers wrap around") {
  expect_values("input x int8 [2]\ninput y int8 [2]\nz = add(x, y)\noutput z\n", {{{2}, {127, -128}}, {{2}, {1, -1}}}, {-128, 127});
}

EXAMPLE("unsigned 64-bit integers compare as such") {
  expect_values("weights x uint64 [2] = 18446744073709551615 1\nweights y uint64 [2] = 2 2\nz = greater(x, y)\noutput z\n", {}, {1, 0});
}

EXAMPLE("a cast to integers truncates and saturates") {
  expect_values("input x [4]\ny = cast(x) to=int8\noutput y\n", {{{4}, {1.9, -1.9, 300, -300}}}, {1, -1, 127, -128});
}

EXAMPLE("a cast between integers keeps the low bits") {
  expect_values("input x int32 [2]\ny = cast(x) to=uint8\noutput y\n", {{{2}, {257, -1}}}, {1, 255});
}

EXAMPLE("rounding takes halves to even numbers") {
  expect_values("input x [5]\ny = round(x)\noutput y\n", {{{5}, {0.5, 1.5, 2.5, -0.5, -1.5}}}, {0, 2, 2, 0, -2});
}

EXAMPLE("select takes the second operand where the first is true") {
  expect_values("input c bool [3]\ninput x [3]\ninput y [1]\nz = select(c, x, y)\noutput z\n",
                {{{3}, {1, 0, 1}}, {{3}, {1, 2, 3}}, {{1}, {9}}}, {1, 9, 3});
}

EXAMPLE("clip leaves out a bound that is infinite") {
  expect_values("input x [3]\ny = clip(x) a=0.0\noutput y\n", {{{3}, {-1, 0.5, 1e30}}}, {0, 0.5, 1e30});
}

EXAMPLE("clip of integers stays exact") {
  expect_values("input x int64 [3]\ny = clip(x) a=-2 b=3\noutput y\n", {{{3}, {-5, 1, 9007199254740992}}}, {-2, 1, 3});
}

EXAMPLE("activations at a negative, a zero and a positive number") {
  expect_values(
      "input x [3]\na = leaky_relu(x) a=0.1\nb = elu(x)\nc = softplus(x)\nd = hard_swish(x)\ne = gelu(x)\nf = mish(x)\noutput a\noutput "
      "b\noutput c\noutput d\noutput e\noutput f\n",
      {{{3}, {-1, 0, 2}}},
      {{-0.1, 0, 2},
       {-0.632121, 0, 2},
       {0.313262, 0.693147, 2.126928},
       {-0.333333, 0, 1.666667},
       {-0.158655, 0, 1.9545},
       {-0.303401, 0, 1.943959}});
}

EXAMPLE("softplus of a large number does not overflow") {
  expect_values("input x [2]\ny = softplus(x)\noutput y\n", {{{2}, {1000, -1000}}}, {1000, 0});
}

EXAMPLE("a cast to four bits keeps the low ones") {
  expect_values("input x [4]\ny = cast(x) to=int4\nz = cast(y) to=float\noutput z\n", {{{4}, {-9, -8, 7.9, 8}}}, {7, -8, 7, -8});
}

EXAMPLE("fp8 of one zero has no infinity and a NaN in the place of -0") {
  const std::vector<Values> x = {{{4}, {0.3, -300, -1e-9, 60000}}};
  expect_values("input x [4]\nn = cast(x) to=fp8fnuz\ny = cast(n) to=float\noutput y\n", x, {0.3125, -240, 0, 240});
  expect_values("input x [4]\nn = cast(x) to=fp8e5m2fnuz\ny = cast(n) to=float\noutput y\n", x, {0.3125, -320, 0, 57344});
  expect_values("input x [4]\nn = cast(x) to=fp8fnuz a=1\nf = cast(n) to=float\ny = is_nan(f)\noutput y\n", x, {0, 1, 0, 1});
}

EXAMPLE("half precision rounds to even") {
  expect_values("input x half [2]\ninput y half [2]\nz = add(x, y)\noutput z\n", {{{2}, {2048, 2048}}, {{2}, {1, 3}}}, {2048, 2052});
}

EXAMPLE("a selection of known integers keeps their values") {
  expect_types(
      "input x [6]\nweights c bool [1] = 1\nweights a int64 [1] = 3\nweights b int64 [1] = 1\ns = select(c, a, b)\nweights t int64 [1] = "
      "-1\n"
      "d = concat(s, t)\ny = reshape(x, d)\noutput y\n",
      {"float [3, 2]"});
}

EXAMPLE("known and symbolic elements of shape tensors are carried on") {
  expect_types(
      "input x [n, 6]\ns = shape(x)\nweights a int64 [2] = 2 1\nweights b int64 [2] = 1 2\np = mul(s, a)\nd = div(p, b)\ny = reshape(x, "
      "d)\noutput y\n",
      {"float [2*n, 3]"});
}

}  // namespace ingot::testing
