#include "operators/scale.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

enum class Spread { kOne, kChannel, kElement };

// How a parameter of these dims spreads over x.
Result<Spread> spread_of(const Dims& x, const Dims& parameter, int64_t axis, std::string_view what) {
  if (parameter.empty() || (parameter.size() == 1 && parameter[0].is(1))) return Spread::kOne;
  if (axis < static_cast<int64_t>(x.size())) {
    const Dims behind(x.begin() + axis, x.end());
    if (parameter == behind) return behind.size() == 1 ? Spread::kChannel : Spread::kElement;
    if (parameter.size() == 1 &&
        (parameter[0] == x[static_cast<size_t>(axis)] || !parameter[0].is_constant() || !x[static_cast<size_t>(axis)].is_constant())) {
      return Spread::kChannel;
    }
    return invalid(fmt::format("the {} has dims {}; for an input {} they are [], [{}] or {}", what, to_text(parameter), to_text(x),
                               x[static_cast<size_t>(axis)].text(), to_text(behind)));
  }
  return invalid(fmt::format("the {} has dims {}; an input {} has no dimension {}, so one value is wanted", what, to_text(parameter),
                             to_text(x), axis));
}

constexpr std::string_view kNames[] = {"input", "scale", "shift", "power"};

}  // namespace

Result<TensorTypes> Scale::infer(const TensorTypes& inputs) const {
  if (inputs.empty() || inputs.size() > 4) return invalid("scale has an input and up to three parameters");
  const TensorType& x = inputs[0];
  if (!is_floating(x.type)) return invalid("scale takes floating-point numbers, not " + std::string(name_of(x.type)));
  if (axis < 0) return invalid(fmt::format("the channel axis is {}; it counts from the first", axis));
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (is_absent(inputs, i)) continue;
    if (!is_floating(inputs[i].type))
      return invalid(fmt::format("the {} is {}; floating-point numbers are wanted", kNames[i], name_of(inputs[i].type)));
    TRY(spread_of(x.dims, inputs[i].dims, axis, kNames[i]));
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> Scale::evaluate(const Arrays& inputs) const {
  TRY(infer(types_of(inputs)));
  const Array& x = inputs[0];
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  int64_t behind_axis = 1, from_axis = 1;
  for (int64_t d = axis; d < x.rank(); ++d) {
    from_axis *= x.shape()[static_cast<size_t>(d)];
    if (d > axis) behind_axis *= x.shape()[static_cast<size_t>(d)];
  }
  const int64_t channels = axis < x.rank() ? x.shape()[static_cast<size_t>(axis)] : 1;
  Spread spreads[4] = {};
  for (size_t k = 1; k < 4; ++k) {
    if (is_absent(inputs, k)) continue;
    TRY_ASSIGN(spreads[k], spread_of(to_dims(x.shape()), to_dims(inputs[k].shape()), axis, kNames[k]));
  }
  double parameters[4] = {0, 1, 0, 1};
  for (int64_t i = 0; i < x.count(); ++i) {
    for (size_t k = 1; k < 4; ++k) {
      if (is_absent(inputs, k)) continue;
      parameters[k] = inputs[k].number(spreads[k] == Spread::kOne       ? 0
                                       : spreads[k] == Spread::kChannel ? i / behind_axis % channels
                                                                        : i % from_axis);
    }
    const double sum = x.number(i) * parameters[1] + parameters[2];
    y.set_number(i, parameters[3] == 1 ? sum : std::pow(sum, parameters[3]));
  }
  return Arrays{std::move(y)};
}

namespace {

// Batch normalization in training: mean and variance of this batch, and the running ones moved towards them.
Result<std::vector<Tensor*>> batch_normalization_training(const OnnxNode& node, Network& network, Tensor* const* in, double epsilon) {
  Tensor* x = in[0];
  TRY_ASSIGN(const double momentum, node.number("momentum", 0.9));
  std::vector<int64_t> axes{0};
  for (int64_t axis = 2; axis < x->type.rank(); ++axis) axes.push_back(axis);
  TRY_ASSIGN(Tensor * mean, network.add(Reduce(ReduceKind::kMean, axes, false), {x}));
  TRY_ASSIGN(Tensor * minus_mean, network.add(Elementwise(ScalarOp::kNeg), {mean}));
  TRY_ASSIGN(Tensor * centered, network.add(Scale(), {x, nullptr, minus_mean}));
  TRY_ASSIGN(Tensor * square, network.add(Elementwise(ScalarOp::kMul), {centered, centered}));
  TRY_ASSIGN(Tensor * variance, network.add(Reduce(ReduceKind::kMean, axes, false), {square}));
  TRY_ASSIGN(Tensor * deviation, network.add(Elementwise(ScalarOp::kAffine, 1, epsilon), {variance}));
  TRY_ASSIGN(deviation, network.add(Elementwise(ScalarOp::kSqrt), {deviation}));
  TRY_ASSIGN(Tensor * scale, network.add(Elementwise(ScalarOp::kDiv), {in[1], deviation}));
  TRY_ASSIGN(Tensor * y, network.add(Scale(), {centered, scale, in[2]}));
  std::vector<Tensor*> outputs{y};
  for (size_t i = 0; i < 2; ++i) {
    TRY_ASSIGN(Tensor * old, network.add(Elementwise(ScalarOp::kAffine, momentum, 0), {in[3 + i]}));
    TRY_ASSIGN(Tensor * fresh, network.add(Elementwise(ScalarOp::kAffine, 1 - momentum, 0), {i == 0 ? mean : variance}));
    TRY_ASSIGN(Tensor * running, network.add(Elementwise(ScalarOp::kAdd), {old, fresh}));
    outputs.push_back(running);
  }
  return outputs;
}

// (x - mean) / sqrt(variance + epsilon) * scale + bias, as x * a + b; a and b are constants where the parameters are.
Result<std::vector<Tensor*>> batch_normalization(const OnnxNode& node, Network& network) {
  Tensor* in[5];
  for (size_t i = 0; i < 5; ++i) {
    TRY_ASSIGN(in[i], required_input(node, i));
  }
  TRY_ASSIGN(const double epsilon, node.number("epsilon", 1e-5));
  TRY_ASSIGN(const int64_t training, node.integer("training_mode", 0));
  TRY_ASSIGN(const int64_t spatial, node.integer("spatial", 1));
  if (training != 0 && spatial != 0) return batch_normalization_training(node, network, in, epsilon);
  for (size_t i = 1; i < node.output_count(); ++i) {
    if (node.output_is_used(i)) return unsupported(fmt::format("output {} of BatchNormalization is for training only", i));
  }
  // Before version 9, spatial = 0 asks for parameters of the dims [C, spatial...], one for each position.
  bool all_constant = spatial != 0;
  for (size_t i = 1; i < 5; ++i) all_constant = all_constant && node.is_constant(i);
  if (all_constant) {
    Array values[5];
    for (size_t i = 1; i < 5; ++i) {
      TRY_ASSIGN(values[i], node.constant(i));
      if (values[i].count() != values[1].count())
        return invalid("the parameters of BatchNormalization differ in length: " + to_text(values[i].shape()) + " and " +
                       to_text(values[1].shape()));
    }
    TRY_ASSIGN(Array scale, Array::make(values[1].type(), values[1].shape()));
    TRY_ASSIGN(Array shift, Array::make(values[1].type(), values[1].shape()));
    for (int64_t c = 0; c < scale.count(); ++c) {
      const double factor = values[1].number(c) / std::sqrt(values[4].number(c) + epsilon);
      scale.set_number(c, factor);
      shift.set_number(c, values[2].number(c) - values[3].number(c) * factor);
    }
    Tensor* scale_tensor = network.add_constant(in[1]->name + ".scale", std::move(scale));
    Tensor* shift_tensor = network.add_constant(in[2]->name + ".shift", std::move(shift));
    TRY_ASSIGN(Tensor * y, network.add(Scale(), {in[0], scale_tensor, shift_tensor}));
    return std::vector<Tensor*>{y};
  }
  TRY_ASSIGN(Tensor * deviation, network.add(Elementwise(ScalarOp::kAffine, 1, epsilon), {in[4]}));
  TRY_ASSIGN(deviation, network.add(Elementwise(ScalarOp::kSqrt), {deviation}));
  TRY_ASSIGN(Tensor * scale, network.add(Elementwise(ScalarOp::kDiv), {in[1], deviation}));
  TRY_ASSIGN(Tensor * moved, network.add(Elementwise(ScalarOp::kMul), {in[3], scale}));
  TRY_ASSIGN(Tensor * shift, network.add(Elementwise(ScalarOp::kSub), {in[2], moved}));
  if (spatial == 0) {
    TRY_ASSIGN(Tensor * product, network.add(Elementwise(ScalarOp::kMul), {in[0], scale}));
    TRY_ASSIGN(Tensor * y, network.add(Elementwise(ScalarOp::kAdd), {product, shift}));
    return std::vector<Tensor*>{y};
  }
  TRY_ASSIGN(Tensor * y, network.add(Scale(), {in[0], scale, shift}));
  return std::vector<Tensor*>{y};
}

}  // namespace

OPERATOR(Scale, scale, {"BatchNormalization", batch_normalization})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("one value a channel") {
  expect_values("input x [1, 2, 2]\nweights a [2] = 2 3\nweights b [2] = 10 -10\ny = scale(x, a, b)\noutput y\n",
                {{{1, 2, 2}, {1, 2, 3, 4}}}, {12, 14, -1, 2});
}

EXAMPLE("one value for all, and a power") {
  expect_values("input x [1, 2]\nweights a [] = 2\nweights p [1] = 2\ny = scale(x, a, _, p)\noutput y\n", {{{1, 2}, {1, -2}}}, {4, 16});
}

EXAMPLE("one value an element behind the channel axis") {
  expect_values("input x [2, 1, 2]\nweights b [1, 2] = 1 2\ny = scale(x, _, b)\noutput y\n", {{{2, 1, 2}, {0, 0, 10, 10}}}, {1, 2, 11, 12});
}

EXAMPLE("a scale of another length is refused, with the lengths that fit") {
  expect_error("input x [1, 2, 4]\nweights a [3] = 1 2 3\ny = scale(x, a)\noutput y\n",
               "the scale has dims [3]; for an input [1, 2, 4] they are [], [2] or [2, 4]");
}

}  // namespace ingot::testing
