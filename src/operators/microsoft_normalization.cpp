// com.microsoft's normalizations of transformers: sums of what is normalized, and embeddings, fused with them.
#include <fmt/format.h>

#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/normalization.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> add(Network& network, Tensor* a, Tensor* b) { return network.add(Elementwise(ScalarOp::kAdd), {a, b}); }

// norm(x + skip + bias) * gamma + beta over the last axis; outputs: it, null, null, the sum.
template <NormalizationKind kKind>
Result<std::vector<Tensor*>> skip_normalization(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * skip, required_input(node, 1));
  TRY_ASSIGN(Tensor * gamma, required_input(node, 2));
  constexpr bool kIsLayer = kKind == NormalizationKind::kLayer;
  const std::vector<Tensor*> in = inputs_of(node, 5);
  Tensor *beta = kIsLayer ? in[3] : nullptr, *bias = in[kIsLayer ? 4 : 3];
  TRY_ASSIGN(Tensor * sum, add(network, x, skip));
  if (bias) {
    TRY_ASSIGN(sum, add(network, sum, bias));
  }
  Normalization op;
  op.kind = kKind;
  TRY_ASSIGN(op.epsilon, node.number("epsilon", kIsLayer ? 1e-12 : 1e-5));
  std::vector<Tensor*> inputs{sum, gamma};
  if (beta) inputs.push_back(beta);
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  return std::vector<Tensor*>{y, nullptr, nullptr, sum};
}

template <NormalizationKind kKind>
Result<std::vector<Tensor*>> plain_normalization(const OnnxNode& node, Network& network) {
  return import_as(kKind == NormalizationKind::kLayer ? "LayerNormalization" : "RMSNormalization", 23, node, network, inputs_of(node, 0));
}

// layer_norm(words[ids] + positions[position_ids] + segments[segment_ids]); outputs: it, how many words the mask leaves, the sum.
Result<std::vector<Tensor*>> embed_layer_normalization(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 9);
  for (size_t i : {0, 2, 3, 5, 6}) TRY(required_input(node, i));
  Tensor *ids = in[0], *segment_ids = in[1], *segments = in[4], *mask = in[7], *position_ids = in[8];
  if (ids->type.rank() != 2) return invalid("input_ids are " + ids->type.text() + "; [batch, length] is wanted");
  if ((segment_ids == nullptr) != (segments == nullptr)) return invalid("segment_ids and segment_embedding come together");
  TRY_ASSIGN(Tensor * sum, network.add(Gather(0), {in[2], ids}));
  if (!position_ids) {
    TRY_ASSIGN(Tensor * length, length_of(network, ids, 1));
    TRY_ASSIGN(position_ids, count_up(network, length));
  }
  TRY_ASSIGN(Tensor * positions, network.add(Gather(0), {in[3], position_ids}));
  TRY_ASSIGN(sum, add(network, sum, positions));
  if (segments) {
    TRY_ASSIGN(Tensor * chosen, network.add(Gather(0), {segments, segment_ids}));
    TRY_ASSIGN(sum, add(network, sum, chosen));
  }
  Normalization op;
  TRY_ASSIGN(op.epsilon, node.number("epsilon", 1e-12));
  TRY_ASSIGN(Tensor * y, network.add(op, {sum, in[5], in[6]}));
  std::vector<Tensor*> outputs{y, nullptr, sum};
  if (!node.output_is_used(1)) return outputs;
  if (!mask) {  // 0 for each row
    TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kSub), {ids, ids}));
  }
  TRY_ASSIGN(mask, network.add(Elementwise::cast(DataType::kInt32), {mask}));
  TRY_ASSIGN(outputs[1], network.add(Reduce(ReduceKind::kSum, {1}, false), {mask}));
  return outputs;
}

// Over groups of channels, which are the last axis where channels_last says so; SiLU behind it where activation is 1.
Result<Tensor*> grouped(const OnnxNode& node, Network& network, Tensor* x, Tensor* gamma, Tensor* beta) {
  Normalization op;
  op.kind = NormalizationKind::kGroup;
  TRY_ASSIGN(op.groups, node.integer("groups", 1));
  TRY_ASSIGN(op.epsilon, node.number("epsilon", 1e-5));
  TRY_ASSIGN(const int64_t last, node.integer("channels_last", 1));
  TRY_ASSIGN(const int64_t activation, node.integer("activation", 0));
  if (x->type.rank() != 4) return invalid("the input is " + x->type.text() + "; four dims are wanted");
  const DataType type = x->type.type;
  if (last) {
    TRY_ASSIGN(x, network.add(Transpose({0, 3, 1, 2}), {x}));
  }
  for (Tensor** parameter : {&gamma, &beta}) {
    if ((*parameter)->type.type == type) continue;
    TRY_ASSIGN(*parameter, network.add(Elementwise::cast(type), {*parameter}));
  }
  TRY_ASSIGN(Tensor * y, network.add(op, {x, gamma, beta}));
  if (activation) {
    TRY_ASSIGN(y, network.add(Elementwise(ScalarOp::kSilu), {y}));
  }
  if (!last) return y;
  return network.add(Transpose({0, 2, 3, 1}), {y});
}

Result<Tensor*> group_norm(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 3));
  return grouped(node, network, in[0], in[1], in[2]);
}

Result<std::vector<Tensor*>> skip_group_norm(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 4));
  TRY_ASSIGN(const int64_t last, node.integer("channels_last", 1));
  // What is added has the channels alone, or is of the input's dims.
  const auto spread = [&](Tensor* x) -> Result<Tensor*> {
    if (x->type.rank() == 2) return network.add(Unsqueeze(last ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{2, 3}), {x});
    if (x->type.rank() == 1 && !last) return network.add(Unsqueeze({1, 2}), {x});
    return x;
  };
  TRY_ASSIGN(Tensor * skip, spread(in[3]));
  TRY_ASSIGN(Tensor * sum, add(network, in[0], skip));
  if (Tensor* bias = inputs_of(node, 5)[4]) {
    TRY_ASSIGN(bias, spread(bias));
    TRY_ASSIGN(sum, add(network, sum, bias));
  }
  TRY_ASSIGN(Tensor * y, grouped(node, network, sum, in[1], in[2]));
  return std::vector<Tensor*>{y, sum};
}

}  // namespace

REGISTER_OPERATORS(microsoft_normalization) {
  constexpr auto kLayer = NormalizationKind::kLayer, kRms = NormalizationKind::kRms;
  catalogue.add_onnx("SkipLayerNormalization", skip_normalization<kLayer>, "com.microsoft");
  catalogue.add_onnx("SkipSimplifiedLayerNormalization", skip_normalization<kRms>, "com.microsoft");
  catalogue.add_onnx("LayerNormalization", plain_normalization<kLayer>, "com.microsoft");
  catalogue.add_onnx("SimplifiedLayerNormalization", plain_normalization<kRms>, "com.microsoft");
  catalogue.add_onnx("SimplifiedLayerNormalization", plain_normalization<kRms>);  // ONNX Runtime has it in the standard's domain
  catalogue.add_onnx("EmbedLayerNormalization", embed_layer_normalization, "com.microsoft");
  catalogue.add_onnx("GroupNorm", one_output<group_norm>, "com.microsoft");
  catalogue.add_onnx("SkipGroupNorm", skip_group_norm, "com.microsoft");
}

}  // namespace ingot
