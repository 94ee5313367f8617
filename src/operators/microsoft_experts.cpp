// com.microsoft MoE and QMoE: mixtures of experts, with weights as numbers or in blocks of few bits.
#include <fmt/format.h>

#include <algorithm>

#include "operators/block_weights.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/mixture_of_experts.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/shape.h"
#include "operators/slice.h"
#include "operators/softmax.h"
#include "operators/topk.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// The layers of all experts: weights [E, out, in], biases [E, out] or null.
struct Experts {
  Tensor *first = nullptr, *first_bias = nullptr;
  Tensor *second = nullptr, *second_bias = nullptr;
  Tensor *third = nullptr, *third_bias = nullptr;  // what is multiplied with the first one's activation
};

// Which experts a token goes to and how much each counts: [T, k] each.
struct Routes {
  Tensor *experts = nullptr, *shares = nullptr;
};

Result<Routes> routes_of(const OnnxNode& node, Network& network, Tensor* scores) {
  TRY_ASSIGN(const int64_t sparse_mixer, node.integer("use_sparse_mixer", 0));
  TRY_ASSIGN(const int64_t normalizes, node.integer("normalize_routing_weights", 0));
  if (sparse_mixer) return unsupported("a sparse mixer (use_sparse_mixer) is not supported");
  TopK top;
  TRY_ASSIGN(top.k, node.integer("k", 1));
  if (top.k < 1) return invalid(fmt::format("k is {}; at least one expert is asked", top.k));
  TRY_ASSIGN(Tensor * all, network.add(Softmax(-1), {scores}));
  TRY_ASSIGN(Layer * chosen, network.add_layer(top.clone(), {all}, node.name() + "/experts"));
  Routes routes{chosen->output(1), chosen->output(0)};
  if (!normalizes) return routes;
  TRY_ASSIGN(Tensor * sum, network.add(Reduce(ReduceKind::kSum, {-1}), {routes.shares}));
  TRY_ASSIGN(routes.shares, network.add(Elementwise(ScalarOp::kDiv), {routes.shares, sum}));
  return routes;
}

// Every second row of x [E, rows, ...] from `start` on, or half of its rows.
Result<Tensor*> half_of_rows(Network& network, Tensor* x, bool interleaved, int64_t start) {
  const Dim& rows = x->type.dims[1];
  if (!rows.is_constant() || rows.value() % 2 != 0) return invalid("rows of two layers in one are an even number, not " + x->type.text());
  if (!interleaved) return slice_axis(network, x, 1, start * rows.value() / 2, (start + 1) * rows.value() / 2);
  Slice op;
  op.axes = {1};
  op.starts = {start};
  op.ends = {rows.value()};
  op.steps = {2};
  return network.add(op, {x});
}

// act(first(x)) * third(x), which only the experts of a token compute.
Result<Tensor*> gated(const OnnxNode& node, Network& network, Tensor* x, const Routes& routes, const Experts& experts) {
  MixtureOfExperts op;
  TRY_ASSIGN(op.alpha, node.number("activation_alpha", 1));
  TRY_ASSIGN(op.beta, node.number("activation_beta", 0));
  TRY_ASSIGN(op.limit, node.number("swiglu_limit", __builtin_inf()));
  std::vector<Tensor*> inputs{x, routes.experts, routes.shares};
  for (Tensor* weights : {experts.first, experts.third, experts.second}) {
    TRY_ASSIGN(weights, network.add(Transpose({0, 2, 1}), {weights}));
    inputs.push_back(weights);
  }
  for (Tensor* bias : {experts.first_bias, experts.third_bias, experts.second_bias}) inputs.push_back(bias);
  while (!inputs.back()) inputs.pop_back();
  return network.add(op, inputs, node.name());
}

// Activations without a gate: all experts compute [E, T, ...], and each token takes the shares of its own.
Result<Tensor*> plain(const OnnxNode& node, Network& network, Tensor* x, const Routes& routes, const Experts& experts,
                      const std::string& activation) {
  static const std::pair<const char*, ScalarOp> kKnown[] = {
      {"relu", ScalarOp::kRelu}, {"gelu", ScalarOp::kGeluTanh}, {"silu", ScalarOp::kSilu}, {"identity", ScalarOp::kIdentity}};
  const auto known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const auto& each) { return activation == each.first; });
  if (known == std::end(kKnown)) return unsupported("the activation '" + activation + "'; relu, gelu, silu, swiglu and identity are known");
  const auto layer = [&](Tensor* input, Tensor* weights, Tensor* bias) -> Result<Tensor*> {
    TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), {input, weights}));
    if (!bias) return y;
    TRY_ASSIGN(bias, network.add(Unsqueeze({1}), {bias}));
    return network.add(Elementwise(ScalarOp::kAdd), {y, bias});
  };
  TRY_ASSIGN(Tensor * hidden, network.add(Unsqueeze({0}), {x}));
  TRY_ASSIGN(hidden, layer(hidden, experts.first, experts.first_bias));
  TRY_ASSIGN(hidden, network.add(Elementwise(known->second), {hidden}));
  TRY_ASSIGN(Tensor * y, layer(hidden, experts.second, experts.second_bias));
  // The share of each expert for each token, 0 for most: [T, k] to [E, T, 1].
  TRY_ASSIGN(Tensor * numbers, length_of(network, experts.first, 0));
  TRY_ASSIGN(numbers, count_up(network, numbers));
  TRY_ASSIGN(numbers, network.add(Unsqueeze({1, 2}), {numbers}));
  TRY_ASSIGN(Tensor * is_chosen, network.add(Elementwise(ScalarOp::kEqual), {numbers, routes.experts}));
  TRY_ASSIGN(Tensor * shares,
             network.add(Elementwise(ScalarOp::kSelect), {is_chosen, routes.shares, add_scalar(network, routes.shares, 0)}));
  TRY_ASSIGN(shares, network.add(Reduce(ReduceKind::kSum, {2}), {shares}));
  TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kMul), {y, shares}));
  return network.add(Reduce(ReduceKind::kSum, {0}, false), {y}, node.name());
}

// x [T, H] or [B, S, H], scores of all experts [T, E].
Result<Tensor*> mixture(const OnnxNode& node, Network& network, Tensor* scores, Experts experts) {
  TRY_ASSIGN(Tensor * given, required_input(node, 0));
  TRY_ASSIGN(std::string activation, node.word("activation_type", "relu"));
  TRY_ASSIGN(const int64_t fusion, node.integer("swiglu_fusion", 0));
  if (given->type.rank() != 2 && given->type.rank() != 3)
    return invalid("the input is " + given->type.text() + "; [tokens, size] or [batch, length, size] is wanted");
  for (const Tensor* weights : {experts.first, experts.second, experts.third}) {
    if (weights && weights->type.rank() != 3) return invalid("weights of experts are [experts, out, in], not " + weights->type.text());
  }
  Tensor* x = given;
  if (given->type.rank() == 3) {
    TRY_ASSIGN(x, network.add(Reshape(Dims{input_dim(0) * input_dim(1), input_dim(2)}), {given}));
  }
  if (activation == "swiglu" && !experts.third) {
    if (fusion != 1 && fusion != 2) return invalid("swiglu needs two layers in one (swiglu_fusion 1 or 2) or the weights fc3");
    const bool interleaved = fusion == 1;
    Tensor *both = experts.first, *bias = experts.first_bias;
    TRY_ASSIGN(experts.first, half_of_rows(network, both, interleaved, 0));
    TRY_ASSIGN(experts.third, half_of_rows(network, both, interleaved, 1));
    if (bias) {
      TRY_ASSIGN(experts.first_bias, half_of_rows(network, bias, interleaved, 0));
      TRY_ASSIGN(experts.third_bias, half_of_rows(network, bias, interleaved, 1));
    }
  }
  if (experts.third && activation != "swiglu" && activation != "silu")
    return unsupported("the weights fc3 beside the activation '" + activation + "'; silu and swiglu are supported");
  TRY_ASSIGN(const Routes routes, routes_of(node, network, scores));
  TRY_ASSIGN(Tensor * y, experts.third ? gated(node, network, x, routes, experts) : plain(node, network, x, routes, experts, activation));
  if (given->type.rank() == 2) return y;
  if (const auto reshape = Reshape::between(y->type.dims, given->type.dims)) return network.add(*reshape, {y});
  TRY_ASSIGN(Tensor * dims, network.add(ShapeOf(), {given}));
  return network.add(Reshape(), {y, dims});
}

// Inputs x, scores of the experts, fc1, its bias, fc2, its bias, fc3, its bias.
Result<Tensor*> import_experts(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 8);
  for (size_t i : {0, 1, 2, 4}) TRY(required_input(node, i));
  return mixture(node, network, in[1], {in[2], in[3], in[4], in[5], in[6], in[7]});
}

// Weights [E, out, in] of few bits, whose bytes, scales and zero points are these inputs.
Result<Tensor*> unpacked(const OnnxNode& node, Network& network, size_t bytes, size_t zero_points, const char* bits_attribute) {
  const Tensor* packed = node.input(bytes);
  BlockWeights form;
  TRY_ASSIGN(form.bits, node.integer("expert_weight_bits", 4));
  TRY_ASSIGN(form.bits, node.integer(bits_attribute, form.bits));
  TRY_ASSIGN(form.block, node.integer("block_size", 0));
  TRY(unsigned_of(form.bits));
  if (packed->type.rank() != 3 || !all_constant(packed->type.dims))
    return invalid("weights of experts are bytes [experts, out, in], not " + packed->type.text());
  const Shape shape = constant_shape(packed->type.dims);
  form.rows = shape[0] * shape[1];
  form.columns = shape[2] * (8 / form.bits);
  const bool whole_rows = form.block <= 0;
  if (whole_rows) form.block = form.columns;
  if (form.columns % form.block != 0)
    return invalid(fmt::format("{} weights of a row do not fall into blocks of {}", form.columns, form.block));
  if (whole_rows && form.bits < 8 && inputs_of(node, zero_points + 1)[zero_points])
    return unsupported("zero points of whole rows, packed across the rows; zero points of blocks (block_size) are supported");
  TRY_ASSIGN(Tensor * w, unpack_weights(node, network, form, bytes, bytes + 1, zero_points));
  return network.add(Reshape(std::vector<int64_t>{shape[0], shape[1], form.columns}), {w});
}

// Inputs x, scores of the experts, then bytes, scales and bias of fc1, fc2 and fc3, their zero points, other shares.
Result<Tensor*> import_quantized_experts(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 21);
  for (size_t i : {0, 1, 2, 3, 5, 6}) TRY(required_input(node, i));
  TRY_ASSIGN(const std::string kind, node.word("quant_type", "int"));
  if (kind != "int") return unsupported("experts whose weights are '" + kind + "'; integers ('int') are supported");
  TRY_ASSIGN(const int64_t prepacked, node.integer("weights_prepacked", 0));
  if (prepacked > 0) return unsupported("weights packed for one engine; export them as they are (weights_prepacked = 0)");
  for (size_t i = 14; i < in.size(); ++i) {
    if (in[i]) return unsupported(fmt::format("QMoE with its input {} (other shares of the experts, scales of activations)", i));
  }
  Experts experts{nullptr, in[4], nullptr, in[7], nullptr, in[10]};
  TRY_ASSIGN(experts.first, unpacked(node, network, 2, 11, "fc1_expert_weight_bits"));
  TRY_ASSIGN(experts.second, unpacked(node, network, 5, 12, "fc2_expert_weight_bits"));
  if (in[8]) {
    TRY(required_input(node, 9));
    TRY_ASSIGN(experts.third, unpacked(node, network, 8, 13, "fc3_expert_weight_bits"));
  }
  return mixture(node, network, in[1], experts);
}

}  // namespace

REGISTER_OPERATORS(microsoft_experts) {
  catalogue.add_onnx("MoE", one_output<import_experts>, "com.microsoft");
  catalogue.add_onnx("QMoE", one_output<import_quantized_experts>, "com.microsoft");
}

}  // namespace ingot
