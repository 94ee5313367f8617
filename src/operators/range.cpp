#include "operators/range.h"

#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

// More elements than this are a mistake, or an attack.
constexpr double kMostElements = double{1ll << 40};

Result<int64_t> checked_count(double count) {
  if (!(count <= kMostElements)) return invalid("a range of " + std::to_string(count) + " elements is too long");
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

Result<int64_t> count_of(const Arrays& inputs) {
  for (const Array& input : inputs) {
    if (input.count() != 1) return invalid("start, limit and delta are one element each; got " + to_text(input.shape()));
  }
  if (is_floating(inputs[0].type())) return Range::count_between(inputs[0].number(0), inputs[1].number(0), inputs[2].number(0));
  return Range::count_between(inputs[0].integer(0), inputs[1].integer(0), inputs[2].integer(0));
}

}  // namespace

Result<int64_t> Range::count_between(double start, double limit, double delta) {
  if (delta == 0) return invalid("the delta is 0");
  return checked_count(std::ceil((limit - start) / delta));
}

Result<int64_t> Range::count_between(int64_t start, int64_t limit, int64_t delta) {
  if (delta == 0) return invalid("the delta is 0");
  int64_t span;
  if (__builtin_sub_overflow(limit, start, &span) || delta == INT64_MIN)
    return invalid("the range from " + std::to_string(start) + " to " + std::to_string(limit) + " is too long");
  // Exact: a quotient of doubles would be off for large numbers.
  return checked_count(static_cast<double>(span / delta + (span % delta != 0 && (span < 0) == (delta < 0))));
}

Result<TensorTypes> Range::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  for (size_t i = 0; i < 3; ++i) {
    if (inputs[i].type != inputs[0].type)
      return invalid("start is " + inputs[0].text() + ", but limit or delta is " + inputs[i].text() + "; their types must be the same");
    if (!all_constant(inputs[i].dims) || !volume(inputs[i].dims).is(1))
      return invalid("start, limit and delta are one element each; got " + inputs[i].text());
  }
  TensorType type{inputs[0].type, {}};
  const auto &start = inputs[0].values, &limit = inputs[1].values, &delta = inputs[2].values;
  if (!start || !limit || !delta || !(*delta)[0].is_constant()) {
    TRY_ASSIGN(Dim count, runtime_dim(kName, symbol, 0));
    type.dims = {count};
    return TensorTypes{type};
  }
  const int64_t step = (*delta)[0].value();
  if (step == 0) return invalid("the delta is 0");
  const Dim span = step > 0 ? (*limit)[0] - (*start)[0] : (*start)[0] - (*limit)[0];
  const Dim count = larger(Dim::ceil_divide(span, step > 0 ? step : step == INT64_MIN ? INT64_MAX : -step), 0);
  type.dims = {count};
  if (count.is_constant() && count.value() <= TensorType::kMostValues) {
    type.values.emplace();
    for (int64_t i = 0; i < count.value(); ++i) type.values->push_back((*start)[0] + Dim(i) * Dim(step));
  }
  return TensorTypes{type};
}

Result<Arrays> Range::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(int64_t count, count_of(inputs));
  TRY_ASSIGN(Array y, Array::make(inputs[0].type(), {count}));
  for (int64_t i = 0; i < count; ++i) {
    if (is_floating(y.type()))
      y.set_number(i, inputs[0].number(0) + static_cast<double>(i) * inputs[2].number(0));
    else
      y.set_integer(i, inputs[0].integer(0) + i * inputs[2].integer(0));
  }
  return Arrays{y};
}

Result<Tensor*> Range::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  Range op;
  // Constant floats carry no values into inference, but their count is known here.
  if (node.is_constant(0) && node.is_constant(1) && node.is_constant(2) && is_floating(inputs[0]->type.type)) {
    Arrays numbers;
    for (size_t i = 0; i < 3; ++i) {
      TRY_ASSIGN(Array number, node.constant(i));
      numbers.push_back(number);
    }
    TRY_ASSIGN(Arrays y, op.evaluate(numbers));
    return network.add_constant(node.name(), y[0]);
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(Range, range, {"Range", one_output<Range::from_onnx>})

using namespace testing;

EXAMPLE("range counts up and down") {
  expect_values(
      "weights a int64 [] = 1\nweights b int64 [] = 6\nweights c int64 [] = 2\ny = range(a, b, c)\nn = neg(c)\nz = range(b, a, n)\noutput "
      "y\noutput z\n",
      {}, {{1, 3, 5}, {6, 4, 2}});
  expect_values("input a []\ninput b []\ninput c []\ny = range(a, b, c) symbol=run_n\noutput y\n", {{{}, {0}}, {{}, {1}}, {{}, {0.25}}},
                {0, 0.25, 0.5, 0.75});
}

EXAMPLE("the count follows from symbols") {
  expect_types("input x [seq]\nweights a int64 [1] = 0\nweights c int64 [1] = 1\ns = shape(x)\ny = range(a, s, c)\noutput y\noutput x\n",
               {"int64 [seq]", "float [seq]"});
}

EXAMPLE("a delta of 0 is refused") {
  expect_error("weights a int64 [] = 1\nweights b int64 [] = 6\nweights c int64 [] = 0\ny = range(a, b, c)\noutput y\n", "the delta is 0");
}

}  // namespace ingot
