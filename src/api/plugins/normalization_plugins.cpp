// Plugins that bring values to a common mean, variance or length.
#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"
#include "operators/normalization.h"
#include "operators/reduce.h"

namespace ingot::api {
namespace {

std::vector<double> ones(int64_t count) { return std::vector<double>(static_cast<size_t>(count), 1); }

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the spatial dims of each channel, then a leaky ReLU where asked.
Result<Tensors> instance_normalization(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1, "InstanceNormalization_TRT has one input");
  Tensor* x = in[0];
  const std::vector<double>&scales = fields.numbers("scales"), &biases = fields.numbers("bias");
  const int64_t channels = w.size(x, 1);
  w.require(scales.empty() || static_cast<int64_t>(scales.size()) == channels,
            std::to_string(scales.size()) + " scales are given for " + std::to_string(channels) + " channels");
  Normalization op;
  op.kind = NormalizationKind::kInstance;
  op.epsilon = fields.number("epsilon");
  Tensor* y =
      w.add(std::move(op), {x, w.numbers(scales.empty() ? ones(channels) : scales, {channels}, x),
                            w.numbers(biases.empty() ? std::vector<double>(static_cast<size_t>(channels)) : biases, {channels}, x)});
  if (fields.flag("relu")) y = w.add(Elementwise(ScalarOp::kLeakyRelu, fields.number("alpha")), {y});
  return w.done({y});
}

// Inputs x, scale and bias of C values each.
Result<Tensors> group_normalization(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 3, "GroupNormalizationPlugin has three inputs: x, scale and bias");
  if (!w.ok()) return w.done({});
  const Dim channels(w.size(in[0], 1));
  Normalization op;
  op.kind = NormalizationKind::kGroup;
  op.groups = fields.integer("num_groups");
  op.epsilon = fields.number("eps");
  return w.done({w.add(std::move(op), {in[0], w.reshape(in[1], {channels}), w.reshape(in[2], {channels})})});
}

// y = x / sqrt(sum of x * x + eps) * weights, the sum over the channels of a pixel, or of all pixels.
Result<Tensors> l2_normalization(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 1 && w.dims(in[0]).size() == 4, "Normalize_TRT has one input of three dims behind the batch");
  if (!w.ok()) return w.done({});
  Tensor* x = in[0];
  const std::vector<int64_t> axes = fields.flag("acrossSpatial") ? std::vector<int64_t>{1, 2, 3} : std::vector<int64_t>{1};
  Tensor* sum = w.add(Reduce(ReduceKind::kSumSquare, axes), {x});
  Tensor* length = w.apply(ScalarOp::kSqrt, {w.apply(ScalarOp::kAdd, {sum, w.number(fields.number("eps"), x)})});
  std::vector<double> weights = fields.numbers("weights");
  if (weights.empty()) weights = {1};
  const int64_t channels = fields.flag("channelShared") || weights.size() == 1 ? 1 : w.size(x, 1);
  if (channels == 1) weights.resize(1);
  Tensor* scale = w.numbers(weights, {1, channels, 1, 1}, x);
  return w.done({w.apply(ScalarOp::kMul, {w.apply(ScalarOp::kDiv, {x, length}), scale})});
}

// y = layer_norm(x + skip + bias) * gamma + beta over the hidden dim of [sequence, batch, hidden, 1, 1], of packed tokens
// [tokens, hidden, 1, 1] or of [..., hidden].
Result<Tensors> skip_layer_normalization(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 2, "CustomSkipLayerNormPluginDynamic has two inputs");
  if (!w.ok()) return w.done({});
  Tensor* sum = w.apply(ScalarOp::kAdd, in);
  const size_t rank = w.dims(sum).size();
  if (!w.ok()) return w.done({});
  const bool trails = rank == 5 || (rank == 4 && sum->type.dims[2].is(1) && sum->type.dims[3].is(1));
  const size_t axis = trails ? rank - 3 : rank - 1;
  const auto& gamma = fields.numbers("gamma");
  const auto& beta = fields.numbers("beta");
  const auto hidden = static_cast<int64_t>(gamma.size());
  Shape shape(rank - axis, 1);
  shape[0] = hidden;
  if (const auto& bias = fields.numbers("bias"); !bias.empty()) sum = w.apply(ScalarOp::kAdd, {sum, w.numbers(bias, shape, sum)});
  Normalization op;
  op.axes = {static_cast<int64_t>(axis)};
  op.epsilon = 1e-5;
  return w.done({w.add(std::move(op), {sum, w.numbers(gamma, shape, sum), w.numbers(beta, shape, sum)})});
}

}  // namespace

std::vector<StockKind> normalization_plugins() {
  const std::vector<StockField> instance = {
      {"epsilon", kReal, {1e-5}}, {"scales", kReal}, {"bias", kReal}, {"relu", kInteger, {0}}, {"alpha", kReal, {0}}};
  const std::vector<StockField> skip = {
      {"ld", kInteger, {0}}, {"type_id", kInteger, {0}}, {"beta", kReal}, {"gamma", kReal}, {"bias", kReal}};
  return {{"InstanceNormalization_TRT", "1", instance, always("x"), instance_normalization},
          {"InstanceNormalization_TRT", "2", instance, always("x"), instance_normalization},
          {"GroupNormalizationPlugin", "1", {{"eps", kReal, {1e-5}}, {"num_groups", kInteger, {1}}}, always("x"), group_normalization},
          {"Normalize_TRT",
           "1",
           {{"weights", kReal},
            {"acrossSpatial", kInteger, {0}},
            {"channelShared", kInteger, {0}},
            {"nbWeights", kInteger, {0}},
            {"eps", kReal, {1e-10}}},
           always("x"),
           l2_normalization},
          {"CustomSkipLayerNormPluginDynamic", "1", skip, always("x"), skip_layer_normalization},
          {"CustomSkipLayerNormPluginDynamic", "2", skip, always("x"), skip_layer_normalization}};
}

}  // namespace ingot::api
