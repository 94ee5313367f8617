// com.microsoft's attention of encoders and decoders: projections, biases, masks and caches around the attention itself.
#include <fmt/format.h>

#include "operators/attention.h"
#include "operators/concat.h"
#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/expand.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/squeeze.h"
#include "operators/tensor_scatter.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }

// [B, length, heads * depth] as [B, heads, length, depth].
Result<Tensor*> spread_heads(Network& network, Tensor* x, int64_t heads) {
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, 0, heads, -1}), {x}));
  return network.add(Transpose({0, 2, 1, 3}), {x});
}
// [B, heads, length, depth] as [B, length, heads * depth].
Result<Tensor*> join_heads(Network& network, Tensor* x) {
  TRY_ASSIGN(x, network.add(Transpose({0, 2, 1, 3}), {x}));
  return network.add(Reshape(Dims{input_dim(0), input_dim(1), input_dim(2) * input_dim(3)}), {x});
}

// What is added to the scores: `filter` where `allowed` (bool) is false.
Result<Tensor*> penalty(Network& network, Tensor* allowed, DataType type, double filter) {
  return network.add(Elementwise(ScalarOp::kSelect),
                     {allowed, network.add_constant("", Array::scalar(type, 0)), network.add_constant("", Array::scalar(type, filter))});
}

// A mask as exporters write it, as something to add to scores [B, H, S, T]: lengths [B], ends and starts [2 * B], zeros and ones [B, T] or
// [B, S, T].
Result<Tensor*> key_mask(Network& network, Tensor* mask, Tensor* keys, DataType type, double filter) {
  const int64_t rank = mask->type.rank();
  Tensor* allowed = nullptr;
  if (rank == 1) {
    const Dim batch = keys->type.dims[0], count = mask->type.dims[0];
    const bool has_starts = count != batch && count == batch * Dim(2);
    if (count != batch && !has_starts && count.is_constant() && batch.is_constant())
      return unsupported(
          fmt::format("a mask of {} numbers for a batch of {}; lengths, or ends and starts, are supported", count.text(), batch.text()));
    TRY_ASSIGN(Tensor * length, length_of(network, keys, 2));
    TRY_ASSIGN(Tensor * places, count_up(network, length));
    TRY_ASSIGN(mask, network.add(Elementwise::cast(DataType::kInt64), {mask}));
    const auto part = [&](int64_t first) -> Result<Tensor*> {
      Tensor* one = mask;
      if (has_starts) {
        if (!batch.is_constant()) return unsupported("a mask of ends and starts for an unknown batch");
        TRY_ASSIGN(one, slice_axis(network, mask, 0, first * batch.value(), (first + 1) * batch.value()));
      }
      return network.add(Unsqueeze({1, 2, 3}), {one});
    };
    TRY_ASSIGN(Tensor * ends, part(0));
    TRY_ASSIGN(allowed, binary(network, ScalarOp::kLess, places, ends));
    if (has_starts) {
      TRY_ASSIGN(Tensor * starts, part(1));
      TRY_ASSIGN(Tensor * begun, binary(network, ScalarOp::kGreaterEqual, places, starts));
      TRY_ASSIGN(allowed, binary(network, ScalarOp::kAnd, allowed, begun));
    }
  } else if (rank == 2 || rank == 3) {
    TRY_ASSIGN(mask, network.add(Unsqueeze(rank == 2 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1}), {mask}));
    TRY_ASSIGN(allowed, network.add(Elementwise::cast(DataType::kBool), {mask}));
  } else {
    return unsupported("a mask " + mask->type.text() + "; [B], [2 * B], [B, T] and [B, S, T] are supported");
  }
  return penalty(network, allowed, type, filter);
}

// Row s sees the columns up to s + T - S.
Result<Tensor*> causal_mask(Network& network, Tensor* q, Tensor* k) {
  TRY_ASSIGN(Tensor * rows, length_of(network, q, 2));
  TRY_ASSIGN(Tensor * columns, length_of(network, k, 2));
  TRY_ASSIGN(Tensor * offset, binary(network, ScalarOp::kSub, columns, rows));
  TRY_ASSIGN(Tensor * row, count_up(network, rows));
  TRY_ASSIGN(Tensor * column, count_up(network, columns));
  TRY_ASSIGN(row, binary(network, ScalarOp::kAdd, row, offset));
  TRY_ASSIGN(row, network.add(Unsqueeze({1}), {row}));
  return binary(network, ScalarOp::kLessEqual, column, row);
}

// Attention over q, k, v [B, H, length, depth] with the node's attributes; `mask` may be null. y is [B, S, H * Dv].
Result<Tensor*> attend(const OnnxNode& node, Network& network, Tensor* q, Tensor* k, Tensor* v, Tensor* mask, bool has_cache) {
  Attention op;
  TRY_ASSIGN(op.scale, node.number("scale", 0));
  TRY_ASSIGN(const int64_t unidirectional, node.integer("unidirectional", 0));
  if (unidirectional && !has_cache) {
    op.causal = true;
  } else if (unidirectional) {
    TRY_ASSIGN(Tensor * allowed, causal_mask(network, q, k));
    TRY_ASSIGN(Tensor * causal, penalty(network, allowed, q->type.type, -__builtin_inf()));
    TRY_ASSIGN(mask, mask ? binary(network, ScalarOp::kAdd, mask, causal) : Result<Tensor*>(causal));
  }
  std::vector<Tensor*> inputs{q, k, v};
  if (mask) inputs.push_back(mask);
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  return join_heads(network, y);
}

Result<Tensor*> sum_of(Network& network, Tensor* a, Tensor* b) {
  if (!a || !b) return a ? a : b;
  return binary(network, ScalarOp::kAdd, a, b);
}

struct Projected {
  Tensor* all;  // [B, S, widths of q, k and v]
  Tensor *mask, *past, *bias;
  std::vector<int64_t> widths;
};

// What Attention and QAttention share, once the projections are made.
Result<std::vector<Tensor*>> self_attention(const OnnxNode& node, Network& network, const Projected& in) {
  TRY_ASSIGN(const int64_t heads, node.integer("num_heads", 0));
  TRY_ASSIGN(const int64_t rotary, node.integer("do_rotary", 0));
  TRY_ASSIGN(const int64_t shares, node.integer("past_present_share_buffer", 0));
  TRY_ASSIGN(const double filter, node.number("mask_filter_value", -10000));
  if (rotary) return unsupported("Attention that rotates by itself (do_rotary) is not supported; RotaryEmbedding before it is");
  if (shares) return unsupported("caches of past and present in one buffer are not supported; export with past_present_share_buffer = 0");
  if (heads <= 0) return invalid(fmt::format("num_heads is {}", heads));
  std::vector<int64_t> widths = in.widths;
  const Dim width = in.all->type.dims.back();
  if (widths.empty() && width.is_constant()) widths.assign(3, width.value() / 3);
  if (widths.size() != 3) return invalid(fmt::format("the projections of {} fall into no three parts", width.text()));
  Tensor* parts[3];
  int64_t start = 0;
  for (size_t i = 0; i < 3; ++i) {
    if (widths[i] <= 0 || widths[i] % heads != 0)
      return invalid(fmt::format("a projection of {} does not fall into {} heads", widths[i], heads));
    TRY_ASSIGN(parts[i], slice_axis(network, in.all, -1, start, start + widths[i]));
    TRY_ASSIGN(parts[i], spread_heads(network, parts[i], heads));
    start += widths[i];
  }
  Tensor *q = parts[0], *k = parts[1], *v = parts[2];
  if (in.past) {
    for (int64_t i = 0; i < 2; ++i) {
      TRY_ASSIGN(Tensor * past, slice_axis(network, in.past, 0, i, i + 1));
      TRY_ASSIGN(past, network.add(Squeeze({0}), {past}));
      Tensor*& part = i == 0 ? k : v;
      TRY_ASSIGN(part, network.add(Concat(2), {past, part}));
    }
  }
  Tensor* mask = nullptr;
  if (in.mask) {
    TRY_ASSIGN(mask, key_mask(network, in.mask, k, q->type.type, filter));
  }
  TRY_ASSIGN(mask, sum_of(network, mask, in.bias));
  TRY_ASSIGN(Tensor * y, attend(node, network, q, k, v, mask, in.past != nullptr));
  std::vector<Tensor*> outputs{y};
  if (!node.output_is_used(1)) return outputs;
  TRY_ASSIGN(k, network.add(Unsqueeze({0}), {k}));
  TRY_ASSIGN(v, network.add(Unsqueeze({0}), {v}));
  TRY_ASSIGN(Tensor * present, network.add(Concat(0), {k, v}));
  outputs.push_back(present);
  return outputs;
}

// Inputs x, weights, bias, mask, past, what is added to the scores.
Result<std::vector<Tensor*>> import_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 7);
  for (size_t i : {0, 1}) TRY(required_input(node, i));
  if (in[0]->type.rank() != 3) return invalid("the input is " + in[0]->type.text() + "; [batch, length, width] is wanted");
  Projected projected{nullptr, in[3], in[4], in[5], {}};
  TRY_ASSIGN(projected.all, network.add(MatMul(), {in[0], in[1]}));
  TRY_ASSIGN(projected.all, sum_of(network, projected.all, in[2]));
  TRY_ASSIGN(projected.widths, node.integers("qkv_hidden_sizes", {}));
  return self_attention(node, network, projected);
}

// Inputs x, weights, bias, their scales, mask, their zero points, past.
Result<std::vector<Tensor*>> import_quantized_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 9);
  for (size_t i : {0, 1, 2, 3, 4}) TRY(required_input(node, i));
  if (in[0]->type.rank() != 3) return invalid("the input is " + in[0]->type.text() + "; [batch, length, width] is wanted");
  const auto dequantized = [&](Tensor* x, Tensor* scale, Tensor* zero_point) {
    Dequantize op;
    op.axis = -1;
    op.to = scale->type.type;
    std::vector<Tensor*> inputs{x, scale};
    if (zero_point) inputs.push_back(zero_point);
    return network.add(op, inputs);
  };
  TRY_ASSIGN(Tensor * x, dequantized(in[0], in[3], in[6]));
  TRY_ASSIGN(Tensor * w, dequantized(in[1], in[4], in[7]));
  Projected projected{nullptr, in[5], in[8], nullptr, {}};
  TRY_ASSIGN(projected.all, network.add(MatMul(), {x, w}));
  TRY_ASSIGN(projected.all, sum_of(network, projected.all, in[2]));
  return self_attention(node, network, projected);
}

// Part `index` of [B, length, heads, count, depth] as [B, length, heads * depth].
Result<Tensor*> unpack(Network& network, Tensor* x, int64_t index) {
  TRY_ASSIGN(x, slice_axis(network, x, 3, index, index + 1));
  return network.add(Reshape(Dims{input_dim(0), input_dim(1), input_dim(2) * input_dim(4)}), {x});
}

// The mask of keys [B, T] where the buffer of keys has more places, which it does not allow.
Result<Tensor*> fill_up_mask(Network& network, Tensor* mask, const Tensor* buffer) {
  const Dim places = buffer->type.dims[2];
  if (mask->type.rank() != 2 || mask->type.dims[1] == places) return mask;
  if (!places.is_constant()) return unsupported("a mask " + mask->type.text() + " for keys in a buffer of unknown length " + places.text());
  TRY_ASSIGN(mask, network.add(Elementwise::cast(DataType::kBool), {mask}));
  TRY_ASSIGN(Tensor * none, slice_axis(network, mask, 1, 0, 1));
  TRY_ASSIGN(none, binary(network, ScalarOp::kXor, none, none));
  TRY_ASSIGN(Array row, Array::make(DataType::kBool, {1, places.value()}));
  TRY_ASSIGN(none, binary(network, ScalarOp::kOr, none, network.add_constant("", std::move(row))));
  TRY_ASSIGN(mask, network.add(Concat(1), {mask, none}));
  return slice_axis(network, mask, 1, 0, places.value());
}

// Row s of the new tokens sees the places up to past + s: what lies behind in the buffer is not written yet.
Result<Tensor*> written_places(Network& network, Tensor* q, Tensor* buffer, Tensor* past) {
  TRY_ASSIGN(Tensor * rows, length_of(network, q, 2));
  TRY_ASSIGN(Tensor * row, count_up(network, rows));
  TRY_ASSIGN(row, binary(network, ScalarOp::kAdd, row, past));
  TRY_ASSIGN(row, network.add(Unsqueeze({1}), {row}));
  TRY_ASSIGN(Tensor * places, length_of(network, buffer, 2));
  TRY_ASSIGN(places, count_up(network, places));
  return binary(network, ScalarOp::kLessEqual, places, row);
}

struct HeadsInputs {
  Tensor *q, *k, *v, *bias;
  Tensor* mask;    // of the keys
  Tensor* scores;  // what is added to them
  Tensor *past_keys, *past_values;
  Tensor* past_length;  // where the caches are buffers of the largest length; null where they grow
};

Result<std::vector<Tensor*>> multi_head_attention(const OnnxNode& node, Network& network, const HeadsInputs& in) {
  if (!in.q) return invalid("the query is missing");
  Tensor *q = in.q, *k = in.k, *v = in.v;
  if (node.output_is_used(3)) return unsupported("the scores as an output are not supported");
  TRY_ASSIGN(const int64_t heads, node.integer("num_heads", 0));
  TRY_ASSIGN(const double filter, node.number("mask_filter_value", -10000));
  if (heads <= 0) return invalid(fmt::format("num_heads is {}", heads));
  if (q->type.rank() == 5) {
    Tensor* packed = q;
    TRY_ASSIGN(q, unpack(network, packed, 0));
    TRY_ASSIGN(k, unpack(network, packed, 1));
    TRY_ASSIGN(v, unpack(network, packed, 2));
  } else if (k && k->type.rank() == 5) {
    Tensor* packed = k;
    TRY_ASSIGN(k, unpack(network, packed, 0));
    TRY_ASSIGN(v, unpack(network, packed, 1));
  }
  if (!k || !v) return invalid("the keys and values are left out, and the query does not hold them");
  if (q->type.rank() != 3) return invalid("the query is " + q->type.text() + "; [batch, length, width] is wanted");
  Tensor *parts[3] = {q, k, v}, *pasts[3] = {nullptr, in.past_keys, in.past_values};
  int64_t start = 0;
  for (Tensor*& part : parts) {
    const bool has_heads = part->type.rank() == 4;  // keys and values of an encoder come with their heads, and without a bias
    const Dim width = has_heads ? part->type.dims[1] * part->type.dims[3] : part->type.dims.back();
    if (in.bias) {
      if (!width.is_constant()) return unsupported("a bias for projections of unknown width " + width.text());
      if (!has_heads) {
        TRY_ASSIGN(Tensor * bias, slice_axis(network, in.bias, 0, start, start + width.value()));
        TRY_ASSIGN(part, binary(network, ScalarOp::kAdd, part, bias));
      }
      start += width.value();
    }
    if (!has_heads) {
      TRY_ASSIGN(part, spread_heads(network, part, heads));
    }
  }
  Tensor *past_length = nullptr, *starts = nullptr;
  if (in.past_length && in.past_keys) {
    TRY_ASSIGN(past_length, network.add(Elementwise::cast(DataType::kInt64), {in.past_length}));
    TRY_ASSIGN(past_length, network.add(Reshape(std::vector<int64_t>{1}), {past_length}));
    TRY_ASSIGN(Tensor * batch, length_of(network, q, 0));
    TRY_ASSIGN(starts, network.add(Expand(), {past_length, batch}));
  }
  for (size_t i = 1; i < 3; ++i) {
    if (!pasts[i]) continue;
    TRY_ASSIGN(parts[i],
               starts ? network.add(TensorScatter(), {pasts[i], parts[i], starts}) : network.add(Concat(2), {pasts[i], parts[i]}));
  }
  Tensor *mask = nullptr, *allowed = in.mask;
  if (allowed && starts) {
    TRY_ASSIGN(allowed, fill_up_mask(network, allowed, parts[1]));
  }
  if (allowed) {
    TRY_ASSIGN(mask, key_mask(network, allowed, parts[1], q->type.type, filter));
  }
  TRY_ASSIGN(mask, sum_of(network, mask, in.scores));
  if (starts) {
    TRY_ASSIGN(Tensor * written, written_places(network, parts[0], parts[1], past_length));
    TRY_ASSIGN(written, penalty(network, written, q->type.type, -__builtin_inf()));
    TRY_ASSIGN(mask, sum_of(network, mask, written));
  }
  TRY_ASSIGN(Tensor * y, attend(node, network, parts[0], parts[1], parts[2], mask, in.past_keys != nullptr));
  std::vector<Tensor*> outputs{y};
  for (size_t i = 1; i < 3; ++i) {
    Tensor* present = parts[i];
    if (node.output_is_used(i) && (present == (i == 1 ? in.k : in.v) || !present->producer())) {
      TRY_ASSIGN(present, network.add(Elementwise(ScalarOp::kIdentity), {present}));
    }
    outputs.push_back(present);
  }
  return outputs;
}

// Inputs q, k, v, bias, mask of the keys, what is added to the scores, past keys, past values, their length in buffers, beams.
Result<std::vector<Tensor*>> import_multi_head_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 10);
  if (in[9]) return unsupported("caches shared by beams (cache_indirection) are not supported; export without beam search");
  return multi_head_attention(node, network, {in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7], in[8]});
}

// One new token for each row. Inputs q (or q, k and v in one), k, v, mask of the keys, what is added to the scores, past keys, past values,
// their length in buffers, number of beams, beams, bias.
Result<std::vector<Tensor*>> import_decoder_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 11);
  TRY_ASSIGN(const int64_t shares, node.integer("past_present_share_buffer", 0));
  if (in[9]) return unsupported("caches shared by beams (cache_indirection) are not supported; export without beam search");
  HeadsInputs heads{in[0], in[1], in[2], in[10], in[3], in[4], in[5], in[6], shares ? in[7] : nullptr};
  if (shares && in[5] && !in[7]) return invalid("caches in one buffer (past_present_share_buffer) need past_sequence_length");
  if (in[0] && !in[1]) {
    const Dim width = in[0]->type.dims.empty() ? Dim(0) : in[0]->type.dims.back();
    if (!width.is_constant() || width.value() % 3 != 0)
      return unsupported("q, k and v in one of width " + width.text() + "; three equal parts are supported");
    Tensor** const parts[] = {&heads.q, &heads.k, &heads.v};
    for (int64_t i = 0; i < 3; ++i) {
      TRY_ASSIGN(*parts[i], slice_axis(network, in[0], -1, i * width.value() / 3, (i + 1) * width.value() / 3));
    }
  }
  return multi_head_attention(node, network, heads);
}

}  // namespace

REGISTER_OPERATORS(microsoft_attention) {
  catalogue.add_onnx("Attention", import_attention, "com.microsoft");
  catalogue.add_onnx("QAttention", import_quantized_attention, "com.microsoft");
  catalogue.add_onnx("MultiHeadAttention", import_multi_head_attention, "com.microsoft");
  catalogue.add_onnx("DecoderMaskedMultiHeadAttention", import_decoder_attention, "com.microsoft");
}

}  // namespace ingot
