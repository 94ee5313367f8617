#include "operators/arg_reduce.h"

#include "operators/axis_walk.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> ArgReduce::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("arg_reduce has one input");
  auto along = normalize_axis(axis, inputs[0].rank());
  if (!along.ok()) return std::move(along).error().within("arg_reduce of " + to_text(inputs[0].dims));
  const auto place = static_cast<size_t>(*along);
  TensorType y{DataType::kInt64, inputs[0].dims};
  if (y.dims[place].is(0)) return invalid("the axis of " + to_text(y.dims) + " has no elements");
  if (keepdims)
    y.dims[place] = 1;
  else
    y.dims.erase(y.dims.begin() + *along);
  return TensorTypes{std::move(y)};
}

Result<Arrays> ArgReduce::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(TensorTypes types, infer({{x.type(), to_dims(x.shape())}}));
  TRY_ASSIGN(Array y, Array::make(DataType::kInt64, constant_shape(types[0].dims)));
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, x.rank()));
  const AxisLines lines(x.shape(), along);
  const bool is_real = is_floating(x.type());
  int64_t i = 0;
  lines.each([&](int64_t first, int64_t step) {
    int64_t best = 0;
    for (int64_t k = 1; k < lines.length; ++k) {
      const int64_t a = first + k * step, b = first + best * step;
      const bool more = is_real ? x.number(a) > x.number(b) : x.integer(a) > x.integer(b);
      const bool less = is_real ? x.number(a) < x.number(b) : x.integer(a) < x.integer(b);
      if ((smallest ? less : more) || (last && !more && !less)) best = k;
    }
    y.set_integer(i++, best);
  });
  return Arrays{std::move(y)};
}

namespace {

template <bool kSmallest>
Result<Tensor*> import_arg(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  ArgReduce op;
  op.smallest = kSmallest;
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(op.keepdims, node.integer("keepdims", 1));
  TRY_ASSIGN(op.last, node.integer("select_last_index", 0));
  return network.add(op, {x});
}

}  // namespace

OPERATOR(ArgReduce, arg_reduce, {"ArgMax", one_output<import_arg<false>>}, {"ArgMin", one_output<import_arg<true>>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("of equal maxima the first counts, or the last where asked") {
  expect_values("input x [2, 3]\ny = arg_reduce(x) axis=1\nz = arg_reduce(x) axis=-1 last=true keepdims=false\noutput y\noutput z\n",
                {{{2, 3}, {2, 2, 1, 1, 3, 3}}}, {0, 1, 1, 2});
}

EXAMPLE("the smallest along the first axis") {
  expect_values("input x int32 [2, 2]\ny = arg_reduce(x) smallest=true\noutput y\n", {{{2, 2}, {5, 1, 4, 2}}}, {1, 0});
  expect_types("input x [n, 3]\ny = arg_reduce(x) axis=1 keepdims=false\noutput y\n", {"int64 [n]"});
}

EXAMPLE("an axis of no elements is refused") {
  expect_error("input x [2, 0]\ny = arg_reduce(x) axis=1\noutput y\n", "the axis of [2, 0] has no elements");
}

}  // namespace ingot::testing
