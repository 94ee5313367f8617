#include "operators/normalization.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/elementwise.h"
#include "operators/expand.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool by_channel(NormalizationKind kind) { return kind == NormalizationKind::kInstance || kind == NormalizationKind::kGroup; }

// Which dimensions belong to the region of kLayer and kRms.
Result<std::vector<bool>> region_of(const std::vector<int64_t>& axes, const Dims& dims) {
  std::vector<bool> region(dims.size(), false);
  for (int64_t axis : axes) {
    auto normalized = normalize_axis(axis, static_cast<int64_t>(dims.size()));
    if (!normalized.ok()) return std::move(normalized).error().within("normalization of " + to_text(dims));
    region[static_cast<size_t>(*normalized)] = true;
  }
  return region;
}

}  // namespace

Result<TensorTypes> Normalization::infer(const TensorTypes& given) const {
  TRY_ASSIGN(const TensorTypes inputs, real_inputs(given));
  if (inputs.empty()) return invalid("normalization needs an input");
  const TensorType& x = inputs[0];
  if (!is_floating(x.type)) return invalid("normalization takes floating-point numbers, not " + std::string(name_of(x.type)));
  if (!(epsilon >= 0)) return invalid(fmt::format("epsilon is {}; it is 0 or more", epsilon));
  if (by_channel(kind)) {
    if (x.rank() < 2) return invalid("normalization by channel takes [N, C, ...], not " + to_text(x.dims));
    if (kind == NormalizationKind::kGroup && (groups < 1 || (x.dims[1].is_constant() && x.dims[1].value() % groups != 0))) {
      return invalid(fmt::format("{} channels cannot be split into {} groups", x.dims[1].text(), groups));
    }
  } else {
    if (axes.empty()) return invalid("normalization needs an axis");
    TRY(region_of(axes, x.dims));
  }
  for (size_t i = 1; i < 3; ++i) {
    if (is_absent(inputs, i)) continue;
    const std::string_view what = i == 1 ? "scale" : "bias";
    if (!is_floating(inputs[i].type))
      return invalid(fmt::format("the {} is {}; floating-point numbers are wanted", what, name_of(inputs[i].type)));
    const Dims& dims = inputs[i].dims;
    if (by_channel(kind)) {
      const bool fits = dims.size() == 1 && (dims[0] == x.dims[1] || !dims[0].is_constant() || !x.dims[1].is_constant());
      if (!fits)
        return invalid(fmt::format("the {} has dims {}; one value a channel, [{}], is wanted", what, to_text(dims), x.dims[1].text()));
    } else {
      auto together = broadcast(x.dims, dims);
      if (!together.ok() || together->size() != x.dims.size() || (all_constant(x.dims) && *together != x.dims)) {
        return invalid(fmt::format("the {} has dims {}, which do not broadcast to {}", what, to_text(dims), to_text(x.dims)));
      }
    }
  }
  TensorType y{x.type, x.dims};
  if (!epilogue.empty()) {
    std::vector<DataType> types{x.type};
    if (!is_absent(inputs, 3)) types.push_back(inputs[3].type);
    TRY_ASSIGN(y.type, epilogue.infer(types));
  }
  return scaled_output(std::move(y));
}

Result<Arrays> Normalization::evaluate(const Arrays& given) const {
  TRY(infer(types_of(given)));
  TRY_ASSIGN(const Arrays inputs, real_inputs(given));
  const Array& x = inputs[0];
  const Shape& shape = x.shape();
  std::vector<bool> region(shape.size(), false);
  if (by_channel(kind)) {
    for (size_t d = 2; d < shape.size(); ++d) region[d] = true;
  } else {
    TRY_ASSIGN(region, region_of(axes, to_dims(shape)));
  }
  // The number of the region that each element lies in: the position in the dimensions outside it; groups share a channel's position.
  const int64_t group_channels = kind == NormalizationKind::kGroup ? std::max<int64_t>(1, shape[1] / groups) : 1;
  const auto region_index = [&](const Shape& index) {
    int64_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!region[d]) at = at * shape[d] + (d == 1 && by_channel(kind) ? index[d] / group_channels : index[d]);
    }
    return static_cast<size_t>(at);
  };
  int64_t region_count = 1;
  for (size_t d = 0; d < shape.size(); ++d) region_count *= region[d] ? 1 : shape[d];
  std::vector<double> mean(static_cast<size_t>(region_count), 0), variance = mean, count = mean;
  int64_t i = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++i) {
    const size_t at = region_index(walk.index());
    mean[at] += x.number(i);
    count[at] += 1;
  }
  for (size_t r = 0; r < mean.size(); ++r) mean[r] = kind == NormalizationKind::kRms || count[r] == 0 ? 0 : mean[r] / count[r];
  i = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++i) {
    const size_t at = region_index(walk.index());
    const double distance = x.number(i) - mean[at];
    variance[at] += distance * distance;
  }
  // Where the element at `index` finds its scale or bias.
  const auto parameter = [&](size_t input, const Shape& index, double fallback) {
    if (is_absent(inputs, input)) return fallback;
    const Shape& own = inputs[input].shape();
    if (by_channel(kind)) return inputs[input].number(index[1]);
    int64_t at = 0;
    for (size_t d = 0; d < own.size(); ++d) at = at * own[d] + (own[d] == 1 ? 0 : index[index.size() - own.size() + d]);
    return inputs[input].number(at);
  };
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  i = 0;
  for (IndexWalk walk(shape); !walk.done(); walk.next(), ++i) {
    const size_t at = region_index(walk.index());
    const double normalized = (x.number(i) - mean[at]) / std::sqrt(variance[at] / count[at] + epsilon);
    y.set_number(i, normalized * parameter(1, walk.index(), 1) + parameter(2, walk.index(), 0));
  }
  if (epilogue.empty()) return scaled_output(std::move(y));
  Arrays operands{std::move(y)};
  if (!is_absent(inputs, 3)) operands.push_back(inputs[3]);
  TRY_ASSIGN(Array result, evaluate_expression(epilogue, operands));
  return scaled_output(std::move(result));
}

namespace {

Result<Tensor*> in_type(Network& network, Tensor* x, DataType type) {
  if (x->type.type == type) return x;
  return network.add(Elementwise::cast(type), {x});
}

// Mean and 1 / sqrt(variance + epsilon) over `axes`, in float: the further outputs of LayerNormalization.
Result<std::vector<Tensor*>> statistics(Network& network, Tensor* x, const std::vector<int64_t>& axes, double epsilon) {
  TRY_ASSIGN(Tensor * wide, in_type(network, x, DataType::kFloat));
  TRY_ASSIGN(Tensor * mean, network.add(Reduce(ReduceKind::kMean, axes), {wide}));
  TRY_ASSIGN(Tensor * centered, network.add(Elementwise(ScalarOp::kSub), {wide, mean}));
  TRY_ASSIGN(Tensor * square, network.add(Elementwise(ScalarOp::kMul), {centered, centered}));
  TRY_ASSIGN(Tensor * variance, network.add(Reduce(ReduceKind::kMean, axes), {square}));
  TRY_ASSIGN(Tensor * deviation, network.add(Elementwise(ScalarOp::kAffine, 1, epsilon), {variance}));
  TRY_ASSIGN(deviation, network.add(Elementwise(ScalarOp::kSqrt), {deviation}));
  TRY_ASSIGN(Tensor * inverse, network.add(Elementwise(ScalarOp::kReciprocal), {deviation}));
  return std::vector<Tensor*>{mean, inverse};
}

template <NormalizationKind kKind>
Result<std::vector<Tensor*>> layer_normalization(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * scale, required_input(node, 1));
  TRY_ASSIGN(int64_t axis, node.integer("axis", -1));
  TRY_ASSIGN(axis, normalize_axis(axis, x->type.rank()));
  Normalization op;
  op.kind = kKind;
  op.axes.clear();
  for (; axis < x->type.rank(); ++axis) op.axes.push_back(axis);
  TRY_ASSIGN(op.epsilon, node.number("epsilon", 1e-5));
  std::vector<Tensor*> inputs{x, scale};
  if (kKind == NormalizationKind::kLayer && node.input_count() > 2 && node.input(2)) inputs.push_back(node.input(2));
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  std::vector<Tensor*> outputs{y};
  bool wants_statistics = false;
  for (size_t i = 1; i < node.output_count(); ++i) wants_statistics = wants_statistics || node.output_is_used(i);
  if (!wants_statistics || kKind != NormalizationKind::kLayer) return outputs;
  TRY_ASSIGN(const std::vector<Tensor*> further, statistics(network, x, op.axes, op.epsilon));
  outputs.insert(outputs.end(), further.begin(), further.end());
  return outputs;
}

Result<Tensor*> instance_normalization(const OnnxNode& node, Network& network) {
  Normalization op;
  op.kind = NormalizationKind::kInstance;
  TRY_ASSIGN(op.epsilon, node.number("epsilon", 1e-5));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * scale, required_input(node, 1));
  TRY_ASSIGN(Tensor * bias, required_input(node, 2));
  return network.add(op, {x, scale, bias});
}

// Scale or bias with one value a group, spread to one a channel (version 18).
Result<Tensor*> spread_groups(Network& network, Tensor* parameter, const Dim& channels, int64_t groups) {
  const Dim each = Dim::floor_divide(channels, Dim(groups));
  TRY_ASSIGN(Tensor * column, network.add(Unsqueeze({1}), {parameter}));
  Expand expand;
  expand.dims = DimList(Dims{Dim(groups), each});
  TRY_ASSIGN(column, network.add(expand, {column}));
  return network.add(Reshape(std::vector<int64_t>{-1}), {column});
}

Result<Tensor*> group_normalization(const OnnxNode& node, Network& network) {
  Normalization op;
  op.kind = NormalizationKind::kGroup;
  TRY_ASSIGN(op.epsilon, node.number("epsilon", 1e-5));
  TRY_ASSIGN(op.groups, node.integer("num_groups", 0));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * scale, required_input(node, 1));
  TRY_ASSIGN(Tensor * bias, required_input(node, 2));
  if (node.opset() < 21) {
    if (op.groups < 1 || x->type.rank() < 2 || !x->type.dims[1].is_constant()) {
      return unsupported(fmt::format("GroupNormalization of {} in {} groups", to_text(x->type.dims), op.groups));
    }
    TRY_ASSIGN(scale, spread_groups(network, scale, x->type.dims[1], op.groups));
    TRY_ASSIGN(bias, spread_groups(network, bias, x->type.dims[1], op.groups));
  }
  return network.add(op, {x, scale, bias});
}

// (x - mean) / (standard deviation + 1e-9) over the axes. Before version 9 two switches stood for the axes and for the division.
Result<Tensor*> mean_variance_normalization(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const int64_t across_channels, node.integer("across_channels", 0));
  TRY_ASSIGN(const int64_t divides, node.integer("normalize_variance", 1));
  const std::vector<int64_t> usual = across_channels ? std::vector<int64_t>{0, 1, 2, 3} : std::vector<int64_t>{0, 2, 3};
  TRY_ASSIGN(const std::vector<int64_t> axes, node.integers("axes", usual));
  TRY_ASSIGN(Tensor * mean, network.add(Reduce(ReduceKind::kMean, axes), {x}));
  TRY_ASSIGN(Tensor * centered, network.add(Elementwise(ScalarOp::kSub), {x, mean}));
  if (!divides) return centered;
  TRY_ASSIGN(Tensor * square, network.add(Elementwise(ScalarOp::kMul), {centered, centered}));
  TRY_ASSIGN(Tensor * variance, network.add(Reduce(ReduceKind::kMean, axes), {square}));
  TRY_ASSIGN(Tensor * deviation, network.add(Elementwise(ScalarOp::kSqrt), {variance}));
  TRY_ASSIGN(deviation, network.add(Elementwise(ScalarOp::kAffine, 1, 1e-9), {deviation}));
  return network.add(Elementwise(ScalarOp::kDiv), {centered, deviation});
}

// x / norm(x) along one axis; a line of zeros stays one.
Result<Tensor*> lp_normalization(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const int64_t axis, node.integer("axis", -1));
  TRY_ASSIGN(const int64_t p, node.integer("p", 2));
  if (p != 1 && p != 2) return invalid(fmt::format("LpNormalization takes p = 1 or 2, not {}", p));
  TRY_ASSIGN(Tensor * norm, network.add(Reduce(p == 1 ? ReduceKind::kL1 : ReduceKind::kL2, {axis}), {x}));
  // The smallest number with full precision; a norm below it is taken for it.
  const double least = x->type.type == DataType::kHalf ? 6.103515625e-05 : 1.17549435e-38;
  TRY_ASSIGN(norm, network.add(Elementwise(ScalarOp::kMax), {norm, add_scalar(network, x, least)}));
  return network.add(Elementwise(ScalarOp::kDiv), {x, norm});
}

}  // namespace

OPERATOR(Normalization, normalization, {"LayerNormalization", layer_normalization<NormalizationKind::kLayer>},
         {"RMSNormalization", layer_normalization<NormalizationKind::kRms>}, {"InstanceNormalization", one_output<instance_normalization>},
         {"GroupNormalization", one_output<group_normalization>}, {"MeanVarianceNormalization", one_output<mean_variance_normalization>},
         {"LpNormalization", one_output<lp_normalization>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("rows are moved to mean 0 and variance 1, then scaled") {
  expect_values("input x [2, 2]\nweights s [2] = 1 2\nweights b [2] = 0 10\ny = normalization(x, s, b) epsilon=0.0\noutput y\n",
                {{{2, 2}, {1, 3, -5, 5}}}, {-1, 12, -1, 12});
}

EXAMPLE("epsilon stands under the root") {
  expect_values("input x [1, 2]\ny = normalization(x) epsilon=3.0\noutput y\n", {{{1, 2}, {-1, 1}}}, {-0.5, 0.5});
}

EXAMPLE("rms leaves the mean in") {
  expect_values("input x [1, 2]\nweights s [2] = 1 10\ny = normalization(x, s) kind=rms epsilon=0.0\noutput y\n", {{{1, 2}, {1, 7}}},
                {0.2, 14});
}

EXAMPLE("a region of several axes") {
  expect_values("input x [1, 2, 2]\ny = normalization(x) axes=[1, 2] epsilon=0.0\noutput y\n", {{{1, 2, 2}, {1, 1, 3, 3}}}, {-1, -1, 1, 1});
}

EXAMPLE("instance and group normalization take one scale a channel") {
  expect_values(
      "input x [1, 2, 2]\nweights s [2] = 1 2\nweights b [2] = 0 1\ny = normalization(x, s, b) kind=instance epsilon=0.0\nz = "
      "normalization(x, s, b) kind=group epsilon=0.0\noutput y\noutput z\n",
      {{{1, 2, 2}, {0, 2, 4, 6}}}, {-1, 1, -1, 3, -1.341641, -0.447214, 1.894427, 3.683282});
}

EXAMPLE("half input is normalized in float") {
  expect_values("input x half [1, 4]\ny = normalization(x) epsilon=0.0\noutput y\n", {{{1, 4}, {60000, -60000, 60000, -60000}}},
                {1, -1, 1, -1});
}

EXAMPLE("groups that do not divide the channels are refused") {
  expect_error("input x [1, 3, 2]\ny = normalization(x) kind=group groups=2\noutput y\n", "3 channels cannot be split into 2 groups");
}

EXAMPLE("a scale that does not broadcast is refused") {
  expect_error("input x [2, 4]\nweights s [3] = 1 2 3\ny = normalization(x, s)\noutput y\n",
               "the scale has dims [3], which do not broadcast to [2, 4]");
}

EXAMPLE("8 bits are normalized by their scales") {
  expect_values("input x int8 [1, 2]\ny = normalization(x) input_scale=2 output_scale=0.25 epsilon=0\noutput y\n", {{{1, 2}, {3, -5}}},
                {4, -4});
}

}  // namespace ingot::testing
