// com.microsoft's attention without padding: the tokens of all sequences one behind the other, [T, ...], of which each sees its own
// sequence; and the operators that take the padding away and put it back.
#include <fmt/format.h>

#include "operators/attention.h"
#include "operators/compress.h"
#include "operators/concat.h"
#include "operators/cumulative.h"
#include "operators/elementwise.h"
#include "operators/expand.h"
#include "operators/gather.h"
#include "operators/gather_nd.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/scatter_nd.h"
#include "operators/shape.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot {
namespace {

Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }
Result<Tensor*> as_int64(Network& network, Tensor* x) { return network.add(Elementwise::cast(DataType::kInt64), {x}); }

// [T, heads * depth] as [1, heads, T, depth].
Result<Tensor*> spread_heads(Network& network, Tensor* x, int64_t heads) {
  if (x->type.rank() != 2) return invalid("the tokens are " + x->type.text() + "; [tokens, width] is wanted");
  TRY_ASSIGN(x, network.add(Reshape(std::vector<int64_t>{0, heads, -1}), {x}));
  TRY_ASSIGN(x, network.add(Transpose({1, 0, 2}), {x}));
  return network.add(Unsqueeze({0}), {x});
}

// The sequence of each token, int64 [T]: how many of the ends of sequences, `offsets` [B + 1] without its first, lie at it or before.
Result<Tensor*> sequence_of(Network& network, Tensor* tokens, Tensor* offsets) {
  TRY_ASSIGN(Tensor * each, length_of(network, tokens, 0));
  TRY_ASSIGN(each, count_up(network, each));
  TRY_ASSIGN(each, network.add(Unsqueeze({1}), {each}));
  TRY_ASSIGN(offsets, as_int64(network, offsets));
  TRY_ASSIGN(Tensor * ends, slice_axis(network, offsets, 0, 1, INT64_MAX));
  TRY_ASSIGN(Tensor * is_behind, binary(network, ScalarOp::kGreaterEqual, each, ends));
  TRY_ASSIGN(is_behind, as_int64(network, is_behind));
  return network.add(Reduce(ReduceKind::kSum, {1}, false), {is_behind});
}

// What is added to the scores, [1 or B, 1 or H, S, S] by sequence and places in it, for pairs of tokens: [1, 1 or H, T, T].
Result<Tensor*> bias_of_pairs(Network& network, Tensor* bias, Tensor* tokens, Tensor* sequences, Tensor* offsets) {
  if (bias->type.rank() != 4)
    return invalid("what is added to the scores is " + bias->type.text() + "; [batch, heads, length, length] is wanted");
  TRY_ASSIGN(offsets, as_int64(network, offsets));
  TRY_ASSIGN(Tensor * first, network.add(Gather(0), {offsets, sequences}));
  TRY_ASSIGN(Tensor * count, length_of(network, tokens, 0));
  TRY_ASSIGN(Tensor * place, count_up(network, count));
  TRY_ASSIGN(place, binary(network, ScalarOp::kSub, place, first));
  Tensor* batch = sequences;
  if (bias->type.dims[0].is(1)) {
    TRY_ASSIGN(batch, binary(network, ScalarOp::kSub, batch, batch));
  }
  // Tuples (sequence, place of the row, place of the column) for each pair.
  TRY_ASSIGN(Tensor * pairs, network.add(Concat(0), {count, count}));
  TRY_ASSIGN(Tensor * one, network.add(Concat(0), {pairs, network.add_constant("", Array::from_int64s({1}))}));
  std::vector<Tensor*> tuple;
  for (Tensor* part : {batch, place}) {
    TRY_ASSIGN(part, network.add(Unsqueeze({1, 2}), {part}));
    TRY_ASSIGN(part, network.add(Expand(), {part, one}));
    tuple.push_back(part);
  }
  TRY_ASSIGN(Tensor * column, network.add(Unsqueeze({0, 2}), {place}));
  TRY_ASSIGN(column, network.add(Expand(), {column, one}));
  tuple.push_back(column);
  TRY_ASSIGN(Tensor * tuples, network.add(Concat(2), tuple));
  TRY_ASSIGN(bias, network.add(Transpose({0, 2, 3, 1}), {bias}));
  TRY_ASSIGN(bias, network.add(GatherNd(), {bias, tuples}));
  TRY_ASSIGN(bias, network.add(Transpose({2, 0, 1}), {bias}));
  return network.add(Unsqueeze({0}), {bias});
}

// q, k and v [T, width] of their heads; y [T, width of v].
Result<Tensor*> attend(const OnnxNode& node, Network& network, const std::vector<Tensor*>& projected, Tensor* offsets, Tensor* bias) {
  TRY_ASSIGN(const int64_t heads, node.integer("num_heads", 0));
  if (heads <= 0) return invalid(fmt::format("num_heads is {}", heads));
  std::vector<Tensor*> inputs;
  for (Tensor* part : projected) {
    TRY_ASSIGN(part, spread_heads(network, part, heads));
    inputs.push_back(part);
  }
  TRY_ASSIGN(Tensor * sequences, sequence_of(network, projected[0], offsets));
  TRY_ASSIGN(Tensor * row, network.add(Unsqueeze({1}), {sequences}));
  TRY_ASSIGN(Tensor * mask, binary(network, ScalarOp::kEqual, row, sequences));
  TRY_ASSIGN(mask, network.add(Unsqueeze({0, 1}), {mask}));
  if (bias) {
    TRY_ASSIGN(bias, bias_of_pairs(network, bias, projected[0], sequences, offsets));
    TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kSelect),
                                 {mask, bias, network.add_constant("", Array::scalar(bias->type.type, -__builtin_inf()))}));
  }
  inputs.push_back(mask);
  Attention op;
  TRY_ASSIGN(op.scale, node.number("scale", 0));
  TRY_ASSIGN(Tensor * y, network.add(op, inputs));
  TRY_ASSIGN(y, network.add(Transpose({0, 2, 1, 3}), {y}));
  return network.add(Reshape(Dims{input_dim(1), input_dim(2) * input_dim(3)}), {y}, node.name());
}

// Inputs x [T, in], weights, bias, where tokens stood, offsets of the sequences, what is added to the scores.
Result<Tensor*> packed_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 6);
  for (size_t i : {0, 1, 2, 4}) TRY(required_input(node, i));
  TRY_ASSIGN(Tensor * all, network.add(MatMul(), {in[0], in[1]}));
  TRY_ASSIGN(all, binary(network, ScalarOp::kAdd, all, in[2]));
  TRY_ASSIGN(std::vector<int64_t> widths, node.integers("qkv_hidden_sizes", {}));
  const Dim width = all->type.dims.back();
  if (widths.empty() && width.is_constant()) widths.assign(3, width.value() / 3);
  if (widths.size() != 3) return invalid(fmt::format("the projections of {} fall into no three parts", width.text()));
  std::vector<Tensor*> parts;
  int64_t start = 0;
  for (int64_t part : widths) {
    TRY_ASSIGN(Tensor * x, slice_axis(network, all, 1, start, start + part));
    parts.push_back(x);
    start += part;
  }
  return attend(node, network, parts, in[4], in[5]);
}

// Inputs q [T, width] or q, k and v in one [T, heads, 3, depth], k, v, bias, where tokens stood, offsets of the sequences, what is added to
// the scores.
Result<Tensor*> packed_multi_head_attention(const OnnxNode& node, Network& network) {
  const std::vector<Tensor*> in = inputs_of(node, 7);
  for (size_t i : {0, 5}) TRY(required_input(node, i));
  std::vector<Tensor*> parts{in[0], in[1], in[2]};
  if (in[0]->type.rank() == 4) {
    for (int64_t i = 0; i < 3; ++i) {
      TRY_ASSIGN(Tensor * x, slice_axis(network, in[0], 2, i, i + 1));
      TRY_ASSIGN(parts[static_cast<size_t>(i)], network.add(Reshape(Dims{input_dim(0), input_dim(1) * input_dim(3)}), {x}));
    }
  }
  int64_t start = 0;
  for (Tensor*& part : parts) {
    if (!part) return invalid("the keys and values are left out, and the query does not hold them");
    if (!in[3]) continue;
    const Dim width = part->type.dims.back();
    if (!width.is_constant()) return unsupported("a bias for projections of unknown width " + width.text());
    TRY_ASSIGN(Tensor * bias, slice_axis(network, in[3], 0, start, start + width.value()));
    TRY_ASSIGN(part, binary(network, ScalarOp::kAdd, part, bias));
    start += width.value();
  }
  return attend(node, network, parts, in[5], in[6]);
}

// Inputs x [B, S, width], the tokens of each sequence [B]. Outputs: the tokens [T, width], the places in [B * S] of tokens and then of
// padding, [B, S], the offsets of the sequences [B + 1], and the longest one [1].
Result<std::vector<Tensor*>> remove_padding(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * counts, required_input(node, 1));
  if (x->type.rank() != 3) return invalid("the input is " + x->type.text() + "; [batch, length, width] is wanted");
  TRY_ASSIGN(counts, as_int64(network, counts));
  TRY_ASSIGN(Tensor * length, length_of(network, x, 1));
  TRY_ASSIGN(Tensor * place, count_up(network, length));
  TRY_ASSIGN(Tensor * ends, network.add(Unsqueeze({1}), {counts}));
  TRY_ASSIGN(Tensor * is_token, binary(network, ScalarOp::kLess, place, ends));
  TRY_ASSIGN(is_token, network.add(Reshape(Dims{input_dim(0) * input_dim(1)}), {is_token}));
  TRY_ASSIGN(Tensor * is_padding, network.add(Elementwise(ScalarOp::kNot), {is_token}));
  TRY_ASSIGN(Tensor * flat, network.add(Reshape(Dims{input_dim(0) * input_dim(1), input_dim(2)}), {x}));
  const Dim most = flat->type.dims[0];
  const auto chosen = [&](Tensor* rows, Tensor* which, const char* part) -> Result<Tensor*> {
    Compress op;
    op.flat = false;
    TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {rows, which}, node.name() + part, {most}));
    return layer->output();
  };
  TRY_ASSIGN(Tensor * tokens, chosen(flat, is_token, ""));
  TRY_ASSIGN(Tensor * each, length_of(network, flat, 0));
  TRY_ASSIGN(each, count_up(network, each));
  TRY_ASSIGN(Tensor * of_tokens, chosen(each, is_token, "/tokens"));
  TRY_ASSIGN(Tensor * of_padding, chosen(each, is_padding, "/padding"));
  TRY_ASSIGN(Tensor * places, network.add(Concat(0), {of_tokens, of_padding}));
  TRY_ASSIGN(places, network.add(Elementwise::cast(DataType::kInt32), {places}));
  TRY_ASSIGN(Tensor * batch, length_of(network, x, 0));
  TRY_ASSIGN(Tensor * dims, network.add(Concat(0), {batch, length}));
  TRY_ASSIGN(places, network.add(Reshape(), {places, dims}));
  TRY_ASSIGN(Tensor * offsets, network.add(Cumulative(), {counts}));
  TRY_ASSIGN(offsets, network.add(Concat(0), {network.add_constant("", Array::from_int64s({0})), offsets}));
  TRY_ASSIGN(offsets, network.add(Elementwise::cast(DataType::kInt32), {offsets}));
  TRY_ASSIGN(Tensor * longest, network.add(Reduce(ReduceKind::kMax, {0}), {counts}));
  TRY_ASSIGN(longest, network.add(Elementwise::cast(DataType::kInt32), {longest}));
  return std::vector<Tensor*>{tokens, places, offsets, longest};
}

// Inputs the tokens [T, width], their places as above [B, S]; y [B, S, width] is 0 where there is padding.
Result<Tensor*> restore_padding(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * places, required_input(node, 1));
  if (x->type.rank() != 2 || places->type.rank() != 2)
    return invalid("tokens [T, width] and places [batch, length] are wanted, not " + x->type.text() + " and " + places->type.text());
  TRY_ASSIGN(places, as_int64(network, places));
  TRY_ASSIGN(Tensor * dims, network.add(ShapeOf(), {places}));
  TRY_ASSIGN(Tensor * flat, network.add(Reshape(Dims{input_dim(0) * input_dim(1)}), {places}));
  // The row of each place that a token has; the others keep the row behind the last, of zeros.
  TRY_ASSIGN(Tensor * all, length_of(network, flat, 0));
  TRY_ASSIGN(Tensor * each, count_up(network, all));
  TRY_ASSIGN(Tensor * tuples, network.add(Unsqueeze({1}), {flat}));
  TRY_ASSIGN(Tensor * rows, network.add(ScatterNd(), {each, tuples, each}));
  TRY_ASSIGN(Tensor * count, length_of(network, x, 0));
  TRY_ASSIGN(rows, binary(network, ScalarOp::kMin, rows, count));
  TRY_ASSIGN(Tensor * width, length_of(network, x, 1));
  TRY_ASSIGN(Tensor * row, network.add(Concat(0), {network.add_constant("", Array::from_int64s({1})), width}));
  TRY_ASSIGN(Tensor * none, network.add(Expand(), {network.add_constant("", Array::scalar(x->type.type, 0)), row}));
  TRY_ASSIGN(x, network.add(Concat(0), {x, none}));
  TRY_ASSIGN(Tensor * y, network.add(Gather(0), {x, rows}));
  TRY_ASSIGN(dims, network.add(Concat(0), {dims, width}));
  return network.add(Reshape(), {y, dims}, node.name());
}

}  // namespace

REGISTER_OPERATORS(microsoft_packed_attention) {
  constexpr const char* kDomain = "com.microsoft";
  catalogue.add_onnx("PackedAttention", one_output<packed_attention>, kDomain);
  catalogue.add_onnx("PackedMultiHeadAttention", one_output<packed_multi_head_attention>, kDomain);
  catalogue.add_onnx("RemovePadding", remove_padding, kDomain);
  catalogue.add_onnx("RestorePadding", one_output<restore_padding>, kDomain);
}

}  // namespace ingot
