// Plugins of BERT (J. Devlin et al., 2019) and DeBERTa (P. He et al., 2021): embeddings, products and attention.
#include <cmath>

#include "api/plugins/kinds.h"
#include "api/plugins/wiring.h"
#include "operators/attention.h"
#include "operators/attention_layer.h"
#include "operators/gather.h"
#include "operators/matmul.h"
#include "operators/normalization.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/sequences.h"
#include "operators/unsqueeze.h"

namespace ingot::api {
namespace {

// Rows of a table [rows, width] that a field holds.
Tensor* table_of(Wiring& w, const StockFields& fields, const char* name, int64_t width) {
  const std::vector<double>& values = fields.numbers(name);
  const auto count = static_cast<int64_t>(values.size());
  w.require(width > 0 && count > 0 && count % width == 0,
            std::string(name) + " has " + std::to_string(count) + " numbers; rows of " + std::to_string(width) + " are wanted");
  return w.ok() ? w.numbers(values, {count / width, width}, nullptr) : nullptr;
}

// The tables of embeddings and their normalization.
struct Embeddings {
  Tensor *words = nullptr, *segments = nullptr, *positions = nullptr;
  std::vector<double> gamma, beta;

  Embeddings(Wiring& w, const StockFields& fields)
      : gamma(fields.numbers("bert_embeddings_layernorm_gamma")), beta(fields.numbers("bert_embeddings_layernorm_beta")) {
    const auto hidden = static_cast<int64_t>(beta.size());
    w.require(gamma.size() == beta.size(), "bert_embeddings_layernorm_gamma and _beta have one length");
    words = table_of(w, fields, "bert_embeddings_word_embeddings", hidden);
    segments = table_of(w, fields, "bert_embeddings_token_type_embeddings", hidden);
    positions = table_of(w, fields, "bert_embeddings_position_embeddings", hidden);
  }
  // The sum of the rows, normalized along the last axis, with two dims of 1 behind.
  Tensor* normalized(Wiring& w, Tensor* sum, const StockFields& fields) const {
    if (!w.ok()) return nullptr;
    const int64_t rank = sum->type.rank();
    const Shape hidden{static_cast<int64_t>(beta.size())};
    Normalization op;
    op.axes = {rank - 1};
    op.epsilon = 1e-5;
    Tensor* y = w.add(std::move(op), {sum, w.numbers(gamma, hidden, nullptr), w.numbers(beta, hidden, nullptr)});
    if (fields.flag("output_fp16")) y = w.cast(y, DataType::kHalf);
    return w.add(Unsqueeze({rank, rank + 1}), {y});
  }
};

// Inputs: tokens, segments and mask, int32 [B, S]. Outputs: the sum of the embeddings of token, segment and position, normalized, as
// [S, B, hidden, 1, 1], and how many tokens of each sequence count, [B].
Result<Tensors> embeddings(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(in.size() == 3 && w.dims(in[0]).size() == 2 && w.dims(in[1]).size() == 2 && w.dims(in[2]).size() == 2,
            "CustomEmbLayerNormPluginDynamic has three inputs [B, S]: tokens, segments and mask");
  const Embeddings tables(w, fields);
  if (!w.ok()) return w.done({});
  TRY_ASSIGN(Tensor * length, length_of(network, in[0], 1));
  TRY_ASSIGN(Tensor * place, count_up(network, length));
  const auto rows = [&](Tensor* table, Tensor* ids) { return w.add(Gather(0), {table, w.transpose(ids, {1, 0})}); };
  Tensor* sum = w.apply(ScalarOp::kAdd, {rows(tables.words, in[0]), rows(tables.segments, in[1])});
  sum = w.apply(ScalarOp::kAdd, {sum, w.add(Unsqueeze({1}), {w.add(Gather(0), {tables.positions, place})})});
  return w.done({tables.normalized(w, sum, fields), w.cast(w.add(Reduce(ReduceKind::kSum, {1}, false), {in[2]}), DataType::kInt32)});
}

// The same without padding. Inputs: tokens and segments, int32 [n], the places where sequences begin and the last one ends, [B + 1], and
// the length of the longest. Outputs: [n, hidden, 1, 1], and how many tokens each sequence has, [B], which nobody needs.
Result<Tensors> packed_embeddings(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  w.require(
      in.size() == 4 && w.dims(in[0]).size() == 1 && w.dims(in[1]).size() == 1 && w.dims(in[2]).size() == 1,
      "CustomEmbLayerNormPluginDynamic 2 has four inputs: tokens [n], segments [n], places of sequences [B + 1] and the longest length");
  const Embeddings tables(w, fields);
  if (!w.ok()) return w.done({});
  TRY_ASSIGN(Tensor * place, places_of_tokens(network, in[0], in[2]));
  Tensor* sum = w.apply(ScalarOp::kAdd, {w.add(Gather(0), {tables.words, in[0]}), w.add(Gather(0), {tables.segments, in[1]})});
  sum = w.apply(ScalarOp::kAdd, {sum, w.add(Gather(0), {tables.positions, place})});
  TRY_ASSIGN(Tensor * ends, slice_axis(network, in[2], 0, 1, INT64_MAX));
  TRY_ASSIGN(Tensor * begins, slice_axis(network, in[2], 0, 0, -1));
  return w.done({tables.normalized(w, sum, fields), w.apply(ScalarOp::kSub, {ends, begins})});
}

// x [n, 3 * hidden, 1, 1] as below, a mask that says nothing more, the places of sequences [B + 1] and the longest length;
// y [n, hidden, 1, 1].
Result<Tensors> packed_self_attention(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const int64_t hidden = fields.integer("hidden_size"), heads = fields.integer("num_heads");
  w.require(heads > 0 && hidden > 0 && hidden % heads == 0, "hidden_size is a multiple of num_heads, and both are positive");
  w.require(fields.flag("var_seqlen"), "var_seqlen of CustomQKVToContextPluginDynamic 2 is 0; padded sequences are for version 1");
  w.require(in.size() == 4 && w.dims(in[0]).size() == 4 && w.dims(in[2]).size() == 1,
            "CustomQKVToContextPluginDynamic 2 has four inputs: [n, 3 * hidden, 1, 1], a mask, places of sequences [B + 1] and the longest "
            "length");
  if (!w.ok()) return w.done({});
  const Dim count = in[0]->type.dims[0], size(hidden / heads);
  Tensor* parts = w.reshape(in[0], {count, Dim(heads), Dim(3), size});
  Tensors operands;
  for (int64_t i = 0; i < 3; ++i) operands.push_back(w.reshape(w.slice(parts, 2, i, 1), {count, Dim(heads), size}));
  if (!w.ok()) return w.done({});
  operands[0] = w.add(Elementwise(ScalarOp::kAffine, 1 / std::sqrt(static_cast<double>(hidden / heads)), 0), {operands[0]});
  operands.insert(operands.end(), {nullptr, nullptr, in[2], in[2]});
  return w.done({w.reshape(w.add(AttentionLayer{}, operands), {count, Dim(hidden), Dim(1), Dim(1)})});
}

// x [S, B, 3 * hidden, 1, 1], of each head its query, key and value one behind the other, and how many tokens of each sequence count, [B].
// y = softmax(q * k^T / sqrt(size of a head)) * v, [S, B, hidden, 1, 1].
Result<Tensors> self_attention(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const int64_t hidden = fields.integer("hidden_size"), heads = fields.integer("num_heads");
  const bool masked = fields.flag("has_mask");
  w.require(heads > 0 && hidden > 0 && hidden % heads == 0, "hidden_size is a multiple of num_heads, and both are positive");
  w.require(in.size() == (masked ? 2u : 1u) && w.dims(in[0]).size() == 5,
            "CustomQKVToContextPluginDynamic has an input [S, B, 3 * hidden, 1, 1] and, with has_mask, the lengths [B]");
  w.require(!masked || w.dims(in[in.size() - 1]).size() == 1,
            "the mask of CustomQKVToContextPluginDynamic is a length for each sequence, [B]");
  if (!w.ok()) return w.done({});
  const Dims dims = in[0]->type.dims;
  Tensor* parts = w.transpose(w.reshape(in[0], {dims[0], dims[1], Dim(heads), Dim(3), Dim(hidden / heads)}), {3, 1, 2, 0, 4});
  Tensors operands;
  for (int64_t i = 0; w.ok() && i < 3; ++i)
    operands.push_back(w.reshape(w.slice(parts, 0, i, 1), {dims[1], Dim(heads), dims[0], Dim(hidden / heads)}));
  if (!w.ok()) return w.done({});
  if (masked) {
    TRY_ASSIGN(Tensor * length, length_of(network, in[0], 0));
    TRY_ASSIGN(Tensor * place, count_up(network, length));
    operands.push_back(w.apply(ScalarOp::kLess, {place, w.add(Unsqueeze({1, 2, 3}), {w.cast(in[1], DataType::kInt64)})}));
  }
  Tensor* y = w.transpose(w.add(Attention{}, operands), {2, 0, 1, 3});
  return w.done({w.reshape(y, {dims[0], dims[1], Dim(hidden), Dim(1), Dim(1)})});
}

// y = x * W^T: x [S, B, width, 1, 1], W [out_dims, width], y [S, B, out_dims, 1, 1].
Result<Tensors> full_product(Network& network, const Tensors& in, const StockFields& fields) {
  Wiring w(network);
  const int64_t width = fields.integer("out_dims");
  w.require(in.size() == 1 && w.dims(in[0]).size() == 5, "CustomFCPluginDynamic has one input [S, B, width, 1, 1]");
  w.require(width > 0, "out_dims of CustomFCPluginDynamic is " + std::to_string(width) + "; it is positive");
  if (!w.ok()) return w.done({});
  const Dims dims = in[0]->type.dims;
  Tensor* weights = w.numbers(fields.numbers("W"), {width, w.size(in[0], 2)}, in[0]);
  Tensor* y = w.add(MatMul(false, true), {w.reshape(in[0], {dims[0], dims[1], dims[2]}), weights});
  return w.done({w.reshape(y, {dims[0], dims[1], Dim(width), Dim(1), Dim(1)})});
}

// y[b, i, j] = factor * (own[b, i, j] + towards[b, i, d(i - j)] + from[b, j, d(j - i)]): own scores [B, S, S], those of tokens with
// relative places [B, S, 2 * span], twice. d(r) = clamp(r + span, 0, 2 * span - 1); spans from 4 to 511 are those of DeBERTa's second
// version, whose distances r beyond half of the span, m, count by their logarithm up to 512: sign(r) * (m + ceil(log(|r| / m) / log(511 /
// m) * (m - 1))).
Result<Tensors> disentangled_attention(Network& network, const Tensors& in, const StockFields& fields) {
  constexpr int64_t kFarthest = 512, kLeastSpan = 4;
  Wiring w(network);
  const int64_t span = fields.integer("span");
  w.require(in.size() == 3, "DisentangledAttention_TRT has three inputs: scores by content, and by content and place, twice");
  w.require(span > 0, "the span of DisentangledAttention_TRT is " + std::to_string(span) + "; it is positive");
  for (size_t i = 0; w.ok() && i < 3; ++i) {
    const Dims dims = w.dims(in[i]);
    w.require(dims.size() == 3 && (i == 0 || dims[2].is(2 * span)),
              "input " + std::to_string(i) + " of DisentangledAttention_TRT is " + in[i]->type.text() +
                  (i == 0 ? "; [batch, length, length] is wanted" : "; [batch, length, 2 * span] is wanted"));
  }
  if (!w.ok()) return w.done({});
  TRY_ASSIGN(Tensor * length, length_of(network, in[0], 1));
  TRY_ASSIGN(Tensor * columns, count_up(network, length));
  Tensor* rows = w.add(Unsqueeze({1}), {columns});
  Tensor* distance = w.apply(ScalarOp::kSub, {rows, columns});
  if (span >= kLeastSpan && span < kFarthest) {
    const auto middle = static_cast<double>(span / 2);
    Tensor* real = w.cast(distance, DataType::kFloat);
    Tensor* size = w.apply(ScalarOp::kAbs, {real});
    const double unit = (middle - 1) / std::log((kFarthest - 1) / middle);
    Tensor* far = w.apply(
        ScalarOp::kLog, {w.add(Elementwise(ScalarOp::kAffine, 1 / middle, 0), {w.apply(ScalarOp::kMax, {size, w.number(middle, size)})})});
    far = w.apply(ScalarOp::kCeil, {w.add(Elementwise(ScalarOp::kAffine, unit, 0), {far})});
    far = w.apply(ScalarOp::kMul, {w.add(Elementwise(ScalarOp::kAffine, 1, middle), {far}), w.apply(ScalarOp::kSign, {real})});
    Tensor* is_near = w.apply(ScalarOp::kLessEqual, {size, w.number(middle, size)});
    distance = w.cast(w.apply(ScalarOp::kSelect, {is_near, real, far}), DataType::kInt64);
  }
  const auto whole = [&](int64_t value) { return w.constant(Array::from_int64s({value})); };
  // Where the element of a row of 2 * span scores stands among all of an image.
  const auto places = [&](Tensor* row, Tensor* by) {
    Tensor* place = w.apply(ScalarOp::kAdd, {by, whole(span)});
    place = w.apply(ScalarOp::kMin, {w.apply(ScalarOp::kMax, {place, whole(0)}), whole(2 * span - 1)});
    return w.apply(ScalarOp::kAdd, {w.apply(ScalarOp::kMul, {row, whole(2 * span)}), place});
  };
  const auto read = [&](Tensor* scores, Tensor* at) {
    const Dims dims = w.dims(scores);
    return w.ok() ? w.add(Gather(1), {w.reshape(scores, {dims[0], dims[1] * dims[2]}), at}) : nullptr;
  };
  Tensor* sum = w.apply(ScalarOp::kAdd, {in[0], read(in[1], places(rows, distance))});
  sum = w.apply(ScalarOp::kAdd, {sum, read(in[2], places(columns, w.apply(ScalarOp::kNeg, {distance})))});
  return w.done({w.apply(ScalarOp::kMul, {sum, w.number(fields.number("factor"), in[0])})});
}

}  // namespace

std::vector<StockKind> transformer_plugins() {
  return {
      {"CustomEmbLayerNormPluginDynamic",
       "1",
       {{"output_fp16", kInteger, {0}},
        {"full_mask", kInteger, {0}},
        {"mha_type_id", kInteger, {0}},
        {"bert_embeddings_layernorm_beta", kReal},
        {"bert_embeddings_layernorm_gamma", kReal},
        {"bert_embeddings_word_embeddings", kReal},
        {"bert_embeddings_token_type_embeddings", kReal},
        {"bert_embeddings_position_embeddings", kReal}},
       [](const StockFields& fields) { return std::string(fields.flag("output_fp16") ? "hi" : "fi"); },
       embeddings},
      {"CustomQKVToContextPluginDynamic",
       "1",
       {{"type_id", kInteger, {0}},
        {"hidden_size", kInteger, {0}},
        {"num_heads", kInteger, {0}},
        {"has_mask", kInteger, {0}},
        {"dq_probs", kReal, {0}}},
       always("x"),
       self_attention},
      {"CustomEmbLayerNormPluginDynamic",
       "2",
       {{"output_fp16", kInteger, {0}},
        {"bert_embeddings_layernorm_beta", kReal},
        {"bert_embeddings_layernorm_gamma", kReal},
        {"bert_embeddings_word_embeddings", kReal},
        {"bert_embeddings_token_type_embeddings", kReal},
        {"bert_embeddings_position_embeddings", kReal}},
       [](const StockFields& fields) { return std::string(fields.flag("output_fp16") ? "hi" : "fi"); },
       packed_embeddings},
      {"CustomQKVToContextPluginDynamic",
       "2",
       {{"type_id", kInteger, {0}},
        {"hidden_size", kInteger, {0}},
        {"num_heads", kInteger, {0}},
        {"has_mask", kInteger, {0}},
        {"dq_probs", kReal, {0}},
        {"var_seqlen", kInteger, {0}}},
       always("x"),
       packed_self_attention},
      {"CustomFCPluginDynamic", "1", {{"out_dims", kInteger, {0}}, {"type_id", kInteger, {0}}, {"W", kReal}}, always("x"), full_product},
      {"DisentangledAttention_TRT", "1", {{"span", kInteger, {0}}, {"factor", kReal, {1}}}, always("x"), disentangled_attention}};
}

}  // namespace ingot::api
