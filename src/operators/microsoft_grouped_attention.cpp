// com.microsoft GroupQueryAttention and RotaryEmbedding: attention of language models over a growing cache.
#include <fmt/format.h>

#include "operators/attention.h"
#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/expand.h"
#include "operators/normalization.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/rotary_embedding.h"
#include "operators/tensor_scatter.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }
Result<Tensor*> add_integer(Network& network, Tensor* x, int64_t number) {
  return binary(network, ScalarOp::kAdd, x, network.add_constant("", Array::from_int64s({number})));
}

Result<Tensor*> spread_heads(Network& network, Tensor* x, int64_t heads) {
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, heads, -1}), {x}));
  return network.add(Transpose({0, 2, 1, 3}), {x});
}

// [B, 1] + [S] as int64 [B, S]: where each token of the rows stands.
Result<Tensor*> positions_from(Network& network, Tensor* starts, Tensor* rows) {
  TRY_ASSIGN(starts, network.add(Unsqueeze({1}), {starts}));
  TRY_ASSIGN(Tensor * each, count_up(network, rows));
  return binary(network, ScalarOp::kAdd, starts, each);
}

// Which columns a row sees, bool [B, 1, S, T]: up to its own position, and with a window no further back than that.
Result<Tensor*> visible(Network& network, Tensor* positions, Tensor* columns, int64_t window) {
  TRY_ASSIGN(Tensor * row, network.add(Unsqueeze({1, 3}), {positions}));
  TRY_ASSIGN(Tensor * column, count_up(network, columns));
  TRY_ASSIGN(Tensor * allowed, binary(network, ScalarOp::kLessEqual, column, row));
  if (window < 0) return allowed;
  TRY_ASSIGN(Tensor * first, add_integer(network, row, -window));
  TRY_ASSIGN(Tensor * near, binary(network, ScalarOp::kGreater, column, first));
  return binary(network, ScalarOp::kAnd, allowed, near);
}

// A further column whose score is the head's sink (0 where none is given) and whose value is 0: it takes a share and gives nothing.
// `inputs` are queries, keys, values and what is added to the scores [B, 1 or heads, S, T].
Result<std::vector<Tensor*>> with_sink(Network& network, std::vector<Tensor*> inputs, Tensor* sink, int64_t heads) {
  for (size_t i = 1; i < 3; ++i) {
    TRY_ASSIGN(Tensor * row, slice_axis(network, inputs[i], 2, 0, 1));
    TRY_ASSIGN(row, network.add(Elementwise(ScalarOp::kAffine, 0, 0), {row}));
    TRY_ASSIGN(inputs[i], network.add(Concat(2), {inputs[i], row}));
  }
  Tensor*& scores = inputs[3];
  const DataType type = scores->type.type;
  Tensor* of_heads = nullptr;
  if (sink) {
    if (volume(sink->type.dims) != Dim(heads))
      return invalid(fmt::format("the sinks are {}; one for each of {} heads is wanted", sink->type.text(), heads));
    TRY_ASSIGN(of_heads, network.add(Reshape(std::vector<int64_t>{1, heads, 1, 1}), {sink}));
    if (of_heads->type.type != type) {
      TRY_ASSIGN(of_heads, network.add(Elementwise::cast(type), {of_heads}));
    }
  } else {
    TRY_ASSIGN(Array none, Array::make(type, {1, heads, 1, 1}));
    of_heads = network.add_constant("", std::move(none));
  }
  // A column that is 0 for each row of each batch: rows see themselves, so that their largest score is finite.
  TRY_ASSIGN(Tensor * zero, network.add(Reduce(ReduceKind::kMax, {3}), {scores}));
  TRY_ASSIGN(zero, network.add(Elementwise(ScalarOp::kAffine, 0, 0), {zero}));
  TRY_ASSIGN(Tensor * column, binary(network, ScalarOp::kAdd, zero, of_heads));
  TRY_ASSIGN(Tensor * no_change, network.add(Elementwise(ScalarOp::kAffine, 0, 0), {of_heads}));
  TRY_ASSIGN(scores, binary(network, ScalarOp::kAdd, scores, no_change));
  TRY_ASSIGN(scores, network.add(Concat(3), {scores, column}));
  return inputs;
}

// How a cache keeps its numbers: as they are, or as integers of 8 bits, or of 4 bits two in a byte (the first in the low half, both 8 too
// large), each of which stands for scale * integer; the scale is one number, or one for each head and each place in it.
struct CacheForm {
  int64_t bits = 0;  // 0 where numbers are as they are
  Tensor* scale = nullptr;
};

Result<CacheForm> cache_form(const OnnxNode& node, Network& network, const char* attribute, Tensor* scale, const Tensor* x) {
  TRY_ASSIGN(const std::string kind, node.word(attribute, "NONE"));
  if (kind == "NONE" || kind.empty()) return CacheForm{};
  if (kind != "PER_TENSOR" && kind != "PER_CHANNEL")
    return invalid(fmt::format("{} is '{}'; NONE, PER_TENSOR and PER_CHANNEL are known", attribute, kind));
  if (!scale) return invalid(fmt::format("{} is {}, and the scale is left out", attribute, kind));
  CacheForm form;
  TRY_ASSIGN(form.bits, node.integer("kv_cache_bit_width", 8));
  if (form.bits != 8 && form.bits != 4) return unsupported(fmt::format("a cache of {} bits; 8 and 4 are supported", form.bits));
  const Dim heads = x->type.dims[1], depth = x->type.dims[3];
  if (!heads.is_constant() || !depth.is_constant()) return unsupported("a quantized cache of heads " + x->type.text());
  const Dim count = volume(scale->type.dims), wanted = kind == "PER_TENSOR" ? Dim(1) : heads * depth;
  if (count != wanted)
    return invalid(fmt::format("{} is {}, and the scale is {}; {} numbers are wanted", attribute, kind, scale->type.text(), wanted.text()));
  form.scale = scale;
  TRY_ASSIGN(form.scale,
             network.add(Reshape(count.is(1) ? std::vector<int64_t>{1, 1, 1, 1} : std::vector<int64_t>{1, heads.value(), 1, depth.value()}),
                         {scale}));
  if (scale->type.type != x->type.type) {
    TRY_ASSIGN(form.scale, network.add(Elementwise::cast(x->type.type), {form.scale}));
  }
  return form;
}

// x [B, H, S, D] as the cache keeps it: [B, H, S, D], or [B, H, S, D / 2] bytes.
Result<Tensor*> put_away(Network& network, Tensor* x, const CacheForm& form) {
  if (form.bits == 0) return x;
  const double most = form.bits == 8 ? 127 : 7;
  TRY_ASSIGN(x, binary(network, ScalarOp::kDiv, x, form.scale));
  TRY_ASSIGN(x, network.add(Elementwise(ScalarOp::kRound), {x}));
  TRY_ASSIGN(x, network.add(Elementwise(ScalarOp::kClip, -most - 1, most), {x}));
  if (form.bits == 8) return network.add(Elementwise::cast(DataType::kInt8), {x});
  TRY_ASSIGN(x, network.add(Elementwise(ScalarOp::kAffine, 1, 8), {x}));
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, 0, -1, 2}), {x}));
  TRY_ASSIGN(Tensor * low, slice_axis(network, x, 4, 0, 1));
  TRY_ASSIGN(Tensor * high, slice_axis(network, x, 4, 1, 2));
  TRY_ASSIGN(high, network.add(Elementwise(ScalarOp::kAffine, 16, 0), {high}));
  TRY_ASSIGN(x, binary(network, ScalarOp::kAdd, low, high));
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, 0, -1}), {x}));
  return network.add(Elementwise::cast(DataType::kUint8), {x});
}

// What a cache stands for, as numbers of `type`.
Result<Tensor*> take_out(Network& network, Tensor* x, const CacheForm& form, DataType type) {
  if (form.bits == 0) return x;
  TRY_ASSIGN(x, network.add(Elementwise::cast(type), {x}));
  if (form.bits == 4) {
    TRY_ASSIGN(Tensor * high, network.add(Elementwise(ScalarOp::kAffine, 1. / 16, 0), {x}));
    TRY_ASSIGN(high, network.add(Elementwise(ScalarOp::kFloor), {high}));
    TRY_ASSIGN(Tensor * above, network.add(Elementwise(ScalarOp::kAffine, 16, 0), {high}));
    TRY_ASSIGN(Tensor * low, binary(network, ScalarOp::kSub, x, above));
    TRY_ASSIGN(low, network.add(Unsqueeze({4}), {low}));
    TRY_ASSIGN(high, network.add(Unsqueeze({4}), {high}));
    TRY_ASSIGN(x, network.add(Concat(4), {low, high}));
    TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, 0, -1}), {x}));
    TRY_ASSIGN(x, network.add(Elementwise(ScalarOp::kAffine, 1, -8), {x}));
  }
  return binary(network, ScalarOp::kMul, x, form.scale);
}

// Inputs q (or q, k and v in one), k, v, past keys, past values, lengths - 1 of the whole rows [B], the largest of them, cos, sin,
// positions, what is added to the scores, sinks of the heads, scales of the caches of keys and values, factors of the RMS norms of q and k.
Result<std::vector<Tensor*>> import_grouped_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 16);
  TRY_ASSIGN(Tensor * q, required_input(node, 0));
  TRY_ASSIGN(Tensor * lengths, required_input(node, 5));
  TRY_ASSIGN(const int64_t heads, node.integer("num_heads", 0));
  TRY_ASSIGN(const int64_t key_heads, node.integer("kv_num_heads", 0));
  TRY_ASSIGN(const int64_t rotary, node.integer("do_rotary", 0));
  TRY_ASSIGN(const int64_t interleaved, node.integer("rotary_interleaved", 0));
  TRY_ASSIGN(const int64_t window, node.integer("local_window_size", -1));
  TRY_ASSIGN(const int64_t causal, node.integer("causal", 1));
  TRY_ASSIGN(const int64_t smooth, node.integer("smooth_softmax", 0));
  const bool has_sink = in[11] || smooth > 0;
  static constexpr const char* kNeverSet[] = {"qk_output", "sliding_window_cache"};
  for (const char* attribute : kNeverSet) {
    TRY_ASSIGN(const int64_t value, node.integer(attribute, 0));
    if (value > 0) return unsupported(fmt::format("GroupQueryAttention with {} = {}", attribute, value));
  }
  if (!causal && window > 0) return invalid("a window (local_window_size) is for causal attention");
  if (heads <= 0 || key_heads <= 0 || heads % key_heads != 0)
    return invalid(fmt::format("{} heads do not fall into groups for {} heads of keys", heads, key_heads));
  Tensor *k = in[1], *v = in[2];
  if (!k) {
    const Dim width = q->type.dims.back();
    const int64_t count = heads + 2 * key_heads;
    if (!width.is_constant() || width.value() % count != 0)
      return invalid(fmt::format("{} numbers of a token do not fall into {} heads", width.text(), count));
    const int64_t depth = width.value() / count;
    Tensor* packed = q;
    TRY_ASSIGN(q, slice_axis(network, packed, -1, 0, heads * depth));
    TRY_ASSIGN(k, slice_axis(network, packed, -1, heads * depth, (heads + key_heads) * depth));
    TRY_ASSIGN(v, slice_axis(network, packed, -1, (heads + key_heads) * depth, count * depth));
  }
  if (!v) return invalid("the keys are given, but not the values");
  // Where each row begins: behind what the cache holds of it, and at 0 where the row is padded to the longest one.
  TRY_ASSIGN(Tensor * rows, length_of(network, q, 1));
  TRY_ASSIGN(Tensor * last, network.add(Elementwise::cast(DataType::kInt64), {lengths}));
  if (last->type.rank() != 1) {
    TRY_ASSIGN(last, network.add(Reshape(std::vector<int64_t>{-1}), {last}));
  }
  TRY_ASSIGN(Tensor * starts, add_integer(network, last, 1));
  TRY_ASSIGN(starts, binary(network, ScalarOp::kSub, starts, rows));
  TRY_ASSIGN(starts, binary(network, ScalarOp::kMax, starts, network.add_constant("", Array::from_int64s({0}))));
  TRY_ASSIGN(Tensor * positions, positions_from(network, starts, rows));
  TRY_ASSIGN(q, spread_heads(network, q, heads));
  TRY_ASSIGN(k, spread_heads(network, k, key_heads));
  TRY_ASSIGN(v, spread_heads(network, v, key_heads));
  if ((in[14] == nullptr) != (in[15] == nullptr)) return invalid("the factors of the norms of q and k come together");
  if (in[14]) {
    Normalization op;
    op.kind = NormalizationKind::kRms;
    TRY_ASSIGN(op.epsilon, node.number("qk_norm_epsilon", 1e-6));
    TRY_ASSIGN(q, network.add(op, {q, in[14]}));
    TRY_ASSIGN(k, network.add(op, {k, in[15]}));
  }
  if (rotary) {
    if (!in[7] || !in[8]) return invalid("do_rotary needs the tables of cosines and sines");
    RotaryEmbedding op;
    op.interleaved = interleaved != 0;
    const Dim half = in[7]->type.dims.back();
    if (half.is_constant()) op.rotary_dims = 2 * half.value();
    Tensor* at = in[9] ? in[9] : positions;
    TRY_ASSIGN(q, network.add(op, {q, in[7], in[8], at}));
    TRY_ASSIGN(k, network.add(op, {k, in[7], in[8], at}));
  }
  const bool has_past = in[3] && !in[3]->type.dims.empty() && !(in[3]->type.rank() == 4 && in[3]->type.dims[2].is(0));
  if (has_past && !in[4]) return invalid("past keys and values come together");
  Tensor* caches[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    Tensor*& part = i == 0 ? k : v;
    TRY_ASSIGN(const CacheForm form, cache_form(node, network, i == 0 ? "k_quant_type" : "v_quant_type", in[12 + i], part));
    const DataType type = part->type.type;
    TRY_ASSIGN(Tensor * fresh, put_away(network, part, form));
    caches[i] = fresh;
    if (has_past) {
      TRY_ASSIGN(caches[i], network.add(Concat(2), {in[3 + i], fresh}));
    }
    // Rows of different lengths: the new entries follow each row's own.
    if (has_past && !fresh->type.dims[0].is(1)) {
      TRY_ASSIGN(caches[i], network.add(TensorScatter(), {caches[i], fresh, starts}));
    }
    TRY_ASSIGN(part, take_out(network, caches[i], form, type));
  }
  Attention op;
  TRY_ASSIGN(op.scale, node.number("scale", 0));
  TRY_ASSIGN(op.softcap, node.number("softcap", 0));
  std::vector<Tensor*> inputs{q, k, v};
  if (has_past || window > 0 || has_sink || !causal) {
    TRY_ASSIGN(Tensor * columns, length_of(network, k, 2));
    // Without an order a row sees all of its sequence.
    TRY_ASSIGN(Tensor * seen_from, network.add(Unsqueeze({1}), {last}));
    TRY_ASSIGN(Tensor * mask, visible(network, causal ? positions : seen_from, columns, window > 0 ? window : -1));
    if (in[10] || has_sink) {
      Tensor* seen = in[10] ? in[10] : network.add_constant("", Array::scalar(q->type.type, 0));
      Tensor* never = network.add_constant("", Array::scalar(q->type.type, -__builtin_inf()));
      TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kSelect), {mask, seen, never}));
    }
    inputs.push_back(mask);
    if (has_sink) {
      TRY_ASSIGN(inputs, with_sink(network, inputs, in[11], heads));
    }
  } else {
    op.causal = true;
    if (in[10]) inputs.push_back(in[10]);
  }
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  TRY_ASSIGN(y, network.add(Transpose({0, 2, 1, 3}), {y}));
  TRY_ASSIGN(y, network.add(Reshape(Dims{input_dim(0), input_dim(1), input_dim(2) * input_dim(3)}), {y}));
  return std::vector<Tensor*>{y, caches[0], caches[1]};
}

// Inputs x, positions ([B, S], or the first one [1]), cos, sin.
Result<Tensor*> import_rotary(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 4));
  Tensor *x = in[0], *positions = in[1];
  TRY_ASSIGN(const int64_t packed, node.integer("is_packed_batching", 0));
  TRY_ASSIGN(const double scale, node.number("scale", 1));
  if (packed) return unsupported("RotaryEmbedding of packed batches is not supported");
  RotaryEmbedding op;
  TRY_ASSIGN(const int64_t interleaved, node.integer("interleaved", 0));
  TRY_ASSIGN(op.rotary_dims, node.integer("rotary_embedding_dim", 0));
  TRY_ASSIGN(op.heads, node.integer("num_heads", 0));
  op.interleaved = interleaved != 0;
  const bool is_flat = x->type.rank() == 3;
  if (!is_flat) op.heads = 0;
  if (is_flat && op.heads == 0) {
    const Dim width = x->type.dims[2], half = in[2]->type.dims.back();
    if (!width.is_constant() || !half.is_constant() || half.is(0) || width.value() % (2 * half.value()) != 0)
      return invalid(fmt::format("{} numbers of a token do not fall into heads of 2 * {}", width.text(), half.text()));
    op.heads = width.value() / (2 * half.value());
  }
  if (positions->type.rank() == 1) {
    TRY_ASSIGN(Tensor * rows, length_of(network, x, is_flat ? 1 : 2));
    TRY_ASSIGN(positions, positions_from(network, positions, rows));
    const Dim batch = x->type.dims[0];
    if (!batch.is(1)) {
      TRY_ASSIGN(Tensor * count, length_of(network, x, 0));
      TRY_ASSIGN(count, network.add(Concat(0), {count, rows}));
      TRY_ASSIGN(positions, network.add(Expand(), {positions, count}));
    }
  }
  TRY_ASSIGN(Tensor * y, network.add(op, {x, in[2], in[3], positions}));
  if (scale == 1) return y;
  return network.add(Elementwise(ScalarOp::kAffine, scale, 0), {y});
}

}  // namespace

REGISTER_OPERATORS(microsoft_grouped_attention) {
  catalogue.add_onnx("GroupQueryAttention", import_grouped_attention, "com.microsoft");
  catalogue.add_onnx("RotaryEmbedding", one_output<import_rotary>, "com.microsoft");
}

}  // namespace ingot
