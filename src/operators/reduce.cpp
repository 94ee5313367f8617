#include "operators/reduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Which dimensions are reduced; an error for an axis outside the rank or named twice.
Result<std::vector<bool>> reduced_dimensions(const std::vector<int64_t>& axes, const Dims& dims) {
  std::vector<bool> reduced(dims.size(), false);
  for (int64_t axis : axes) {
    auto normalized = normalize_axis(axis, static_cast<int64_t>(dims.size()));
    if (!normalized.ok()) return std::move(normalized).error().within("reduction of " + to_text(dims));
    if (reduced[static_cast<size_t>(*normalized)]) return invalid(fmt::format("axis {} is reduced twice", axis));
    reduced[static_cast<size_t>(*normalized)] = true;
  }
  return reduced;
}

Dims reduced_dims(const Dims& dims, const std::vector<bool>& reduced, bool keepdims) {
  Dims result;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (!reduced[d])
      result.push_back(dims[d]);
    else if (keepdims)
      result.emplace_back(1);
  }
  return result;
}

// The element of the output that each element of x goes to, in x's order.
std::vector<int64_t> target_of_each(const Shape& shape, const std::vector<bool>& reduced) {
  Shape strides(shape.size(), 0);
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    if (reduced[d]) continue;
    strides[d] = step;
    step *= shape[d];
  }
  std::vector<int64_t> targets;
  for (IndexWalk walk(shape); !walk.done(); walk.next()) {
    int64_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d) at += walk.index()[d] * strides[d];
    targets.push_back(at);
  }
  return targets;
}

bool is_exact(ReduceKind kind, DataType type) {
  return !is_floating(type) && kind != ReduceKind::kL2 && kind != ReduceKind::kLogSum && kind != ReduceKind::kLogSumExp;
}

void reduce_integers(ReduceKind kind, const Array& x, const std::vector<int64_t>& targets, Array& y) {
  const DataType type = x.type();
  const bool is_unsigned_64 = type == DataType::kUint64;
  const auto compute = [&](ScalarOp op, int64_t a, int64_t b) {
    return compute_integer(op, is_unsigned_64 ? type : DataType::kInt64, a, b, 0, 0, 0);
  };
  const bool finds = kind == ReduceKind::kMax || kind == ReduceKind::kMin;
  std::vector<int64_t> sums(static_cast<size_t>(y.count()), kind == ReduceKind::kProduct ? 1 : 0), counts(sums.size(), 0);
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto at = static_cast<size_t>(targets[i]);
    const int64_t value = x.integer(static_cast<int64_t>(i));
    const bool first = counts[at]++ == 0;
    if (finds) {
      sums[at] = first ? value : compute(kind == ReduceKind::kMax ? ScalarOp::kMax : ScalarOp::kMin, sums[at], value);
    } else if (kind == ReduceKind::kProduct) {
      sums[at] = compute(ScalarOp::kMul, sums[at], value);
    } else {
      const int64_t term = kind == ReduceKind::kL1          ? compute(ScalarOp::kAbs, value, 0)
                           : kind == ReduceKind::kSumSquare ? compute(ScalarOp::kMul, value, value)
                                                            : value;
      sums[at] = compute(ScalarOp::kAdd, sums[at], term);
    }
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (counts[i] == 0 && finds) {  // the limit of the type
      y.set_number(at, kind == ReduceKind::kMax ? -kInfinity : type == DataType::kBool ? 1 : kInfinity);
    } else {
      y.set_integer(at, wrap_integer(type, kind == ReduceKind::kMean ? compute(ScalarOp::kDiv, sums[i], counts[i]) : sums[i]));
    }
  }
}

void reduce_reals(ReduceKind kind, const Array& x, const std::vector<int64_t>& targets, Array& y) {
  const auto count = static_cast<size_t>(y.count());
  const double start = kind == ReduceKind::kProduct ? 1 : kind == ReduceKind::kMax ? -kInfinity : kind == ReduceKind::kMin ? kInfinity : 0;
  std::vector<double> sums(count, start), largest(count, -kInfinity);
  std::vector<int64_t> counts(count, 0);
  if (kind == ReduceKind::kLogSumExp) {
    for (size_t i = 0; i < targets.size(); ++i) {
      double& most = largest[static_cast<size_t>(targets[i])];
      most = std::max(most, x.number(static_cast<int64_t>(i)));
    }
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto at = static_cast<size_t>(targets[i]);
    const double value = x.number(static_cast<int64_t>(i));
    double& sum = sums[at];
    ++counts[at];
    switch (kind) {
      case ReduceKind::kSum:
      case ReduceKind::kMean:
      case ReduceKind::kLogSum: sum += value; break;
      case ReduceKind::kMax: sum = compute_real(ScalarOp::kMax, sum, value, 0, 0, 0); break;
      case ReduceKind::kMin: sum = compute_real(ScalarOp::kMin, sum, value, 0, 0, 0); break;
      case ReduceKind::kProduct: sum *= value; break;
      case ReduceKind::kL1: sum += std::fabs(value); break;
      case ReduceKind::kL2:
      case ReduceKind::kSumSquare: sum += value * value; break;
      // An infinite maximum is the result: shifting by it would give inf - inf.
      case ReduceKind::kLogSumExp: sum += std::isinf(largest[at]) ? 0 : std::exp(value - largest[at]); break;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    double value = sums[i];
    if (kind == ReduceKind::kMean) value /= static_cast<double>(counts[i]);
    if (kind == ReduceKind::kL2) value = std::sqrt(value);
    if (kind == ReduceKind::kLogSum) value = std::log(value);
    if (kind == ReduceKind::kLogSumExp) value = std::isinf(largest[i]) ? largest[i] : largest[i] + std::log(value);
    y.set_number(static_cast<int64_t>(i), is_floating(y.type()) ? value : std::trunc(value));
  }
}

// The one element of a reduction of a known or symbolic vector.
std::optional<std::vector<Dim>> reduce_values(ReduceKind kind, const TensorType& x, bool reduces_all) {
  if (!x.values || x.rank() != 1 || !reduces_all || is_floating(x.type) || x.type == DataType::kBool || x.values->empty())
    return std::nullopt;
  Dim result = (*x.values)[0];
  for (size_t i = 1; i < x.values->size(); ++i) {
    const Dim& value = (*x.values)[i];
    switch (kind) {
      case ReduceKind::kSum: result = result + value; break;
      case ReduceKind::kProduct: result = result * value; break;
      case ReduceKind::kMax: result = larger(result, value); break;
      case ReduceKind::kMin: result = smaller(result, value); break;
      default: return std::nullopt;
    }
  }
  if (kind != ReduceKind::kSum && kind != ReduceKind::kProduct && kind != ReduceKind::kMax && kind != ReduceKind::kMin) return std::nullopt;
  return std::vector<Dim>{result};
}

}  // namespace

Result<TensorTypes> Reduce::infer(const TensorTypes& given) const {
  TRY_ASSIGN(const TensorTypes inputs, real_inputs(given));
  if (inputs.empty()) return invalid("reduce needs an input");
  const TensorType& x = inputs[0];
  if (x.type == DataType::kBool && kind != ReduceKind::kMax && kind != ReduceKind::kMin) {
    return invalid("of bools only max (any) and min (all) are taken");
  }
  TRY_ASSIGN(const std::vector<bool> reduced, reduced_dimensions(axes, x.dims));
  TensorType y{x.type, reduced_dims(x.dims, reduced, keepdims)};
  if (epilogue.empty()) {
    y.values = reduce_values(kind, x, !reduced.empty() && reduced[0]);
    return scaled_output(std::move(y));
  }
  std::vector<DataType> types{x.type};
  for (size_t i = 1; i < inputs.size(); ++i) {
    types.push_back(inputs[i].type);
    auto together = broadcast(y.dims, inputs[i].dims);
    if (!together.ok() || *together != y.dims) {
      return invalid("input " + std::to_string(i) + " of the epilogue, " + to_text(inputs[i].dims) + ", does not broadcast to " +
                     to_text(y.dims));
    }
  }
  TRY_ASSIGN(y.type, epilogue.infer(types));
  return scaled_output(std::move(y));
}

Result<Arrays> Reduce::evaluate(const Arrays& given) const {
  TRY_ASSIGN(const Arrays inputs, real_inputs(given));
  const Array& x = inputs[0];
  TRY_ASSIGN(const std::vector<bool> reduced, reduced_dimensions(axes, to_dims(x.shape())));
  TRY_ASSIGN(Array y, Array::make(x.type(), constant_shape(reduced_dims(to_dims(x.shape()), reduced, keepdims))));
  const std::vector<int64_t> targets = target_of_each(x.shape(), reduced);
  if (is_exact(kind, x.type()))
    reduce_integers(kind, x, targets, y);
  else
    reduce_reals(kind, x, targets, y);
  if (epilogue.empty()) return scaled_output(std::move(y));
  Arrays operands = inputs;
  operands[0] = std::move(y);
  TRY_ASSIGN(Array result, evaluate_expression(epilogue, operands));
  return scaled_output(std::move(result));
}

namespace {

template <ReduceKind kKind>
Result<Tensor*> import_reduce(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  // ReduceSum takes its axes as an input from version 13 on, the others from 18 on.
  const bool by_input = node.opset() >= (kKind == ReduceKind::kSum ? 13 : 18);
  Reduce op(kKind, {});
  if (!by_input) {
    TRY_ASSIGN(op.axes, node.integers("axes", {}));
  } else if (node.input_count() > 1 && node.input(1)) {
    TRY_ASSIGN(const Array axes, constant_input(node, 1, "the axes"));
    op.axes = axes.integers();
  }
  TRY_ASSIGN(op.keepdims, node.integer("keepdims", 1));
  TRY_ASSIGN(const int64_t noop, node.integer("noop_with_empty_axes", 0));
  if (op.axes.empty() && noop == 0) {
    for (int64_t axis = 0; axis < x->type.rank(); ++axis) op.axes.push_back(axis);
  }
  return network.add(op, {x});
}

}  // namespace

OPERATOR(Reduce, reduce, {"ReduceSum", one_output<import_reduce<ReduceKind::kSum>>},
         {"ReduceMean", one_output<import_reduce<ReduceKind::kMean>>}, {"ReduceMax", one_output<import_reduce<ReduceKind::kMax>>},
         {"ReduceMin", one_output<import_reduce<ReduceKind::kMin>>}, {"ReduceProd", one_output<import_reduce<ReduceKind::kProduct>>},
         {"ReduceL1", one_output<import_reduce<ReduceKind::kL1>>}, {"ReduceL2", one_output<import_reduce<ReduceKind::kL2>>},
         {"ReduceLogSum", one_output<import_reduce<ReduceKind::kLogSum>>},
         {"ReduceLogSumExp", one_output<import_reduce<ReduceKind::kLogSumExp>>},
         {"ReduceSumSquare", one_output<import_reduce<ReduceKind::kSumSquare>>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a sum over a middle axis, which stays as 1 or falls away") {
  expect_values("input x [2, 2, 2]\ny = reduce(x) axes=[1]\noutput y\n", {{{2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}}}, {4, 6, 12, 14});
  expect_types("input x [n, 3, m]\ny = reduce(x) axes=[1]\nz = reduce(x) axes=[-1, 0] keepdims=false\noutput y\noutput z\n",
               {"float [n, 1, m]", "float [3]"});
}

EXAMPLE("each kind over the same four numbers") {
  for (const auto& [kind, value] : std::vector<std::pair<std::string, double>>{{"mean", -0.5},
                                                                               {"max", 3},
                                                                               {"min", -4},
                                                                               {"product", 24},
                                                                               {"l1", 10},
                                                                               {"l2", 5.477226},
                                                                               {"sum_square", 30},
                                                                               {"log_sum_exp", 3.133643}}) {
    expect_values("input x [4]\ny = reduce(x) kind=" + kind + " axes=[0] keepdims=false\noutput y\n", {{{4}, {1, -2, 3, -4}}},
                  std::vector<double>{value});
  }
  expect_values("input x [4]\ny = reduce(x) kind=log_sum axes=[0]\noutput y\n", {{{4}, {1, 2, 3, 4}}}, std::vector<double>{2.302585});
}

EXAMPLE("log_sum_exp of large numbers does not overflow") {
  expect_values("input x [2, 2]\ny = reduce(x) kind=log_sum_exp axes=[1]\noutput y\n", {{{2, 2}, {1000, 1000, -INFINITY, -INFINITY}}},
                {1000.693147, -INFINITY});
}

EXAMPLE("integers are summed as integers and their mean truncates") {
  expect_values("weights x int64 [2] = 9007199254740993 -9007199254740992\ny = reduce(x) axes=[0]\noutput y\n", {}, std::vector<double>{1});
  expect_values("input x int32 [2, 2]\ny = reduce(x) kind=mean axes=[1]\noutput y\n", {{{2, 2}, {1, 2, -1, -2}}}, {1, -1});
}

EXAMPLE("max of bools is any, min is all") {
  expect_values("input x bool [3]\ny = reduce(x) kind=max axes=[0]\nz = reduce(x) kind=min axes=[0]\noutput y\noutput z\n",
                {{{3}, {0, 1, 0}}}, {1, 0});
}

EXAMPLE("a reduction of no elements gives the neutral one") {
  expect_values(
      "input x [0]\ns = reduce(x) axes=[0]\np = reduce(x) kind=product axes=[0]\nm = reduce(x) kind=max axes=[0]\noutput s\noutput "
      "p\noutput m\n",
      {{{0}, {}}}, {0, 1, -INFINITY});
}

EXAMPLE("the epilogue of a reduction reads further inputs") {
  expect_values("input x [2, 2]\ninput e [1]\ny = reduce(x, e) kind=mean axes=[1] epilogue=\"sqrt(add(x0, x1))\"\noutput y\n",
                {{{2, 2}, {1, 3, 7, 7}}, {{1}, {2}}}, {2, 3});
}

EXAMPLE("an axis that is named twice is refused") {
  expect_error("input x [2, 3]\ny = reduce(x) axes=[1, -1]\noutput y\n", "axis -1 is reduced twice");
}

EXAMPLE("a sum of bools is refused") {
  expect_error("input x bool [2]\ny = reduce(x) axes=[0]\noutput y\n", "of bools only max (any) and min (all) are taken");
}

EXAMPLE("8 bits are reduced as the numbers they stand for") {
  expect_values("input x int8 [1, 3]\ny = reduce(x) kind=mean axes=[1] input_scale=0.5 output_scale=0.25\noutput y\n",
                {{{1, 3}, {1, 2, 4}}}, {5});
}

}  // namespace ingot::testing
