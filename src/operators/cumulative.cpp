#include "operators/cumulative.h"

#include "operators/axis_walk.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Cumulative::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("cumulative has one input");
  if (inputs[0].type == DataType::kBool) return invalid("cumulative takes numbers, not bool");
  auto along = normalize_axis(axis, inputs[0].rank());
  if (!along.ok()) return std::move(along).error().within("cumulative of " + to_text(inputs[0].dims));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<Arrays> Cumulative::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, x.rank()));
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  const AxisLines lines(x.shape(), along);
  const bool adds = kind == CumulativeKind::kSum;
  lines.each([&](int64_t first, int64_t step) {
    double sum = adds ? 0 : 1;
    int64_t integer_sum = adds ? 0 : 1;
    for (int64_t k = 0; k < lines.length; ++k) {
      const int64_t at = first + (reverse ? lines.length - 1 - k : k) * step;
      const double before = sum;
      const int64_t integer_before = integer_sum;
      if (is_floating(x.type())) {
        sum = adds ? sum + x.number(at) : sum * x.number(at);
        y.set_number(at, exclusive ? before : sum);
      } else {
        integer_sum = compute_integer(adds ? ScalarOp::kAdd : ScalarOp::kMul, x.type(), integer_sum, x.integer(at), 0, 0, 0);
        y.set_integer(at, exclusive ? integer_before : integer_sum);
      }
    }
  });
  return Arrays{std::move(y)};
}

namespace {

template <CumulativeKind kKind>
Result<Tensor*> import_cumulative(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const Array axis, constant_input(node, 1, "the axis"));
  if (axis.count() != 1) return invalid("the axis is one number, not " + to_text(axis.shape()));
  Cumulative op;
  op.kind = kKind;
  op.axis = axis.integer(0);
  TRY_ASSIGN(op.exclusive, node.integer("exclusive", 0));
  TRY_ASSIGN(op.reverse, node.integer("reverse", 0));
  return network.add(op, {x});
}

}  // namespace

OPERATOR(Cumulative, cumulative, {"CumSum", one_output<import_cumulative<CumulativeKind::kSum>>},
         {"CumProd", one_output<import_cumulative<CumulativeKind::kProduct>>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("running sums, without the element itself, and from the end") {
  expect_values(
      "input x [3]\na = cumulative(x)\nb = cumulative(x) exclusive=true\nc = cumulative(x) reverse=true\nd = cumulative(x) "
      "kind=product\noutput a\noutput b\noutput c\noutput d\n",
      {{{3}, {2, 3, 4}}}, {2, 5, 9, 0, 2, 5, 9, 7, 4, 2, 6, 24});
}

EXAMPLE("running sums along the last axis of integers") {
  expect_values("input x int32 [2, 2]\ny = cumulative(x) axis=-1\noutput y\n", {{{2, 2}, {1, 2, 3, 4}}}, {1, 3, 3, 7});
}

EXAMPLE("an axis outside the rank is refused by cumulative") {
  expect_error("input x [2]\ny = cumulative(x) axis=1\noutput y\n", "cumulative of [2]");
}

}  // namespace ingot::testing
