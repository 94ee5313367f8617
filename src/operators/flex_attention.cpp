// ONNX FlexAttention-1 (preview): y = prob_mod(softmax(score_mod(scale * q * k^T))) * v, where the model may give graphs for the two mods.
#include <fmt/format.h>

#include <cmath>

#include "operators/attention.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/softmax.h"
#include "operators/subnetwork.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

// x by the graph that the attribute holds; x itself where there is none.
Result<Tensor*> modified(const OnnxNode& node, Network& network, const char* attribute, Tensor* x) {
  if (!node.has(attribute)) return x;
  std::vector<Tensor*> inputs{x};
  const TensorTypes types{x->type};
  std::vector<Tensor*> captures;
  TRY_ASSIGN(const std::shared_ptr<Network> body, node.graph(attribute, &captures, &types));
  inputs.insert(inputs.end(), captures.begin(), captures.end());
  TRY_ASSIGN(const std::vector<Tensor*> outputs, inline_subnetwork(network, *body, inputs));
  if (outputs.size() != 1 || outputs[0]->type.type != x->type.type || outputs[0]->type.rank() != x->type.rank())
    return invalid(
        fmt::format("{} gives {}; {} is wanted", attribute, outputs.empty() ? "nothing" : outputs[0]->type.text(), x->type.text()));
  return outputs[0];
}

Result<Tensor*> reshaped(Network& network, Tensor* x, const Dims& dims) {
  const auto op = Reshape::between(x->type.dims, dims);
  if (!op) return unsupported(fmt::format("{} as {} hangs on more than one unknown dimension", to_text(x->type.dims), to_text(dims)));
  return network.add(*op, {x});
}

Result<Tensor*> import_flex_attention(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 3));
  Tensor *q = in[0], *k = in[1], *v = in[2];
  for (Tensor* x : in) {
    if (x->type.rank() != 4) return invalid("FlexAttention takes [B, heads, length, depth], not " + x->type.text());
  }
  TRY_ASSIGN(double scale, node.number("scale", 0));
  TRY_ASSIGN(const int64_t precision, node.integer("softmax_precision", 0));
  if (!node.has("score_mod") && !node.has("prob_mod") && precision == 0) {
    Attention op;
    op.scale = scale;
    return network.add(op, {q, k, v});
  }
  if (scale == 0) {
    if (!q->type.dims[3].is_constant()) return unsupported("FlexAttention over heads of unknown depth needs a scale");
    scale = 1 / std::sqrt(static_cast<double>(q->type.dims[3].value()));
  }
  // Groups of query heads share a head of k and v: [B, Hk, group, S, D] meets [B, Hk, 1, T, D].
  const Dims whole = q->type.dims;
  const Dim heads = whole[1], key_heads = k->type.dims[1];
  const bool grouped = heads != key_heads;
  if (grouped) {
    if (!heads.is_constant() || !key_heads.is_constant() || key_heads.is(0) || heads.value() % key_heads.value() != 0)
      return invalid(fmt::format("{} query heads do not fall into groups for {} heads of k", heads.text(), key_heads.text()));
    const Dim group(heads.value() / key_heads.value());
    TRY_ASSIGN(q, reshaped(network, q, {whole[0], key_heads, group, whole[2], whole[3]}));
    TRY_ASSIGN(k, network.add(Unsqueeze({2}), {k}));
    TRY_ASSIGN(v, network.add(Unsqueeze({2}), {v}));
  }
  const Dims scores_dims{whole[0], heads, whole[2], in[1]->type.dims[2]};
  TRY_ASSIGN(Tensor * scores, network.add(MatMul(false, true), {q, k}));
  const Dims wide = scores->type.dims;
  if (grouped) {
    TRY_ASSIGN(scores, reshaped(network, scores, scores_dims));
  }
  TRY_ASSIGN(scores, network.add(Elementwise(ScalarOp::kAffine, scale, 0), {scores}));
  TRY_ASSIGN(scores, modified(node, network, "score_mod", scores));
  const DataType type = scores->type.type;
  DataType inner = type;
  if (precision != 0) {
    TRY_ASSIGN(inner, data_type_from_onnx(precision));
  }
  if (inner != type) {
    TRY_ASSIGN(scores, network.add(Elementwise::cast(inner), {scores}));
  }
  TRY_ASSIGN(Tensor * shares, network.add(Softmax(-1), {scores}));
  if (inner != type) {
    TRY_ASSIGN(shares, network.add(Elementwise::cast(type), {shares}));
  }
  TRY_ASSIGN(shares, modified(node, network, "prob_mod", shares));
  if (grouped) {
    TRY_ASSIGN(shares, reshaped(network, shares, wide));
  }
  TRY_ASSIGN(Tensor * y, network.add(MatMul(), {shares, v}));
  if (!grouped) return y;
  return reshaped(network, y, {whole[0], heads, whole[2], in[2]->type.dims[3]});
}

}  // namespace

REGISTER_OPERATORS(flex_attention) { catalogue.add_onnx("FlexAttention", one_output<import_flex_attention>, "ai.onnx.preview"); }

}  // namespace ingot
