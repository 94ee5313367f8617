#include "operators/attention_layer.h"

#include <cmath>

#include "operators/attention.h"
#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/matmul.h"
#include "operators/moving.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/sequences.h"
#include "operators/softmax.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {
namespace {

enum Input : size_t { kMask = 3, kScale = 4, kQueryLengths = 5, kKeyLengths = 6 };

// Scores of keys that are not seen weigh nothing: -infinity before a softmax, else 0.
Result<Tensor*> apply_mask(Network& network, Tensor* scores, Tensor* mask, bool softmax) {
  if (mask->type.type != DataType::kBool) return network.add(Elementwise(ScalarOp::kAdd), {scores, mask});
  Tensor* never = network.add_constant("", Array::scalar(scores->type.type, softmax ? -__builtin_inf() : 0));
  return network.add(Elementwise(ScalarOp::kSelect), {mask, scores, never});
}

// q [N, H, S, D] times the transposed k, or weights times v, where several heads of q share one of k and v.
Result<Tensor*> multiply(Network& network, Tensor* a, Tensor* b, bool transpose_b) {
  const Dim &heads = a->type.dims[1], &shared = b->type.dims[1];
  if (heads == shared) return network.add(MatMul(false, transpose_b), {a, b});
  const Dim group = Dim::floor_divide(heads, shared);
  TRY_ASSIGN(a, network.add(Reshape(Dims{input_dim(0), shared, group, input_dim(2), input_dim(3)}), {a}));
  TRY_ASSIGN(b, network.add(Unsqueeze({2}), {b}));
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, transpose_b), {a, b}));
  return network.add(Reshape(Dims{input_dim(0), heads, input_dim(3), input_dim(4)}), {y});
}

// y [1, H, N, Dv] of joined queries in the form of the queries.
Result<Tensor*> parted(Network& network, Tensor* y, const Sequences& queries) {
  if (queries.is_packed()) {
    TRY_ASSIGN(y, network.add(Transpose({0, 2, 1, 3}), {y}));
    return network.add(Reshape(Dims{input_dim(1), input_dim(2), input_dim(3)}), {y});
  }
  const Dims &dims = y->type.dims, &q = queries.tokens->type.dims;
  const auto reshape = Reshape::between(dims, {dims[1], q[0], q[2], dims[3]});
  if (!reshape) return unsupported("padded queries " + queries.tokens->type.text() + " of unknown lengths beside packed keys");
  TRY_ASSIGN(y, network.add(*reshape, {y}));
  return network.add(Transpose({1, 0, 2, 3}), {y});
}

}  // namespace

Result<TensorTypes> AttentionLayer::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 7));
  const TensorType &q = inputs[0], &k = inputs[1], &v = inputs[2];
  for (size_t i = 0; i < 3; ++i) {
    if ((inputs[i].rank() != 4 && inputs[i].rank() != 3) || !is_floating(inputs[i].type))
      return invalid("queries, keys and values are [batch, heads, length, size], or packed [tokens, heads, size]; input " +
                     std::to_string(i) + " is " + inputs[i].text());
  }
  if (k.rank() != v.rank()) return invalid("keys are " + k.text() + " and values " + v.text() + "; both are padded, or both packed");
  const auto heads = [](const TensorType& x) { return x.dims[1]; };
  const auto length = [](const TensorType& x) { return x.dims[x.rank() == 4 ? 2 : 0]; };
  TRY(same_dim(q.dims.back(), k.dims.back(), "sizes of queries and keys"));
  TRY(same_dim(length(k), length(v), "lengths of keys and values"));
  TRY(same_dim(heads(k), heads(v), "heads of keys and values"));
  if (heads(q).is_constant() && heads(k).is_constant() && (heads(k).is(0) || heads(q).value() % heads(k).value() != 0))
    return invalid("the " + heads(q).text() + " heads of the queries are no multiple of the " + heads(k).text() + " heads of the keys");
  if (!is_absent(inputs, kQueryLengths)) TRY(check_sequence_lengths(q, inputs[kQueryLengths], "lengths of queries"));
  if (!is_absent(inputs, kKeyLengths)) TRY(check_sequence_lengths(k, inputs[kKeyLengths], "lengths of keys and values"));
  if (!is_absent(inputs, kMask) && (q.rank() == 3 || k.rank() == 3)) return invalid("masks go with padded sequences; these are packed");
  Dims dims = q.dims;
  dims.back() = v.dims.back();
  return TensorTypes{{q.type, std::move(dims)}};
}

Result<std::vector<Tensor*>> AttentionLayer::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  const auto input = [&](size_t index) { return index < inputs.size() ? inputs[index] : nullptr; };
  Tensor *q = inputs[0], *k = inputs[1], *v = inputs[2], *mask = input(kMask);
  Tensor* scale = quantize_to != DataType::kFloat ? input(kScale) : nullptr;
  const Sequences queries{q, input(kQueryLengths)}, keys{k, input(kKeyLengths)};
  const bool joined = queries.is_packed() || keys.is_packed();
  for (const Sequences& side : {queries, keys}) {
    if (side.is_packed() && !side.lengths) return invalid("packed sequences need their lengths");
  }
  // The core's attention sees upper left by itself.
  const bool whole = softmax && !scale;
  const bool square = queries.tokens->type.dims[2] == keys.tokens->type.dims[2] && !queries.lengths && !keys.lengths;
  const bool is_core = whole && !joined && (causal == CausalKind::kUpperLeft || (causal == CausalKind::kLowerRight && square));
  TRY_ASSIGN(Tensor * seen, seen_keys(network, queries, keys, causal == CausalKind::kUpperLeft && !is_core,
                                      causal == CausalKind::kLowerRight && !is_core));
  if (seen && mask && mask->type.type == DataType::kBool) {
    TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kAnd), {mask, seen}));
  } else if (seen && mask && softmax) {
    Tensor* never = network.add_constant("", Array::scalar(mask->type.type, -__builtin_inf()));
    TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kSelect), {seen, mask, never}));
  } else if (!mask) {
    mask = seen;
    seen = nullptr;
  }
  if (joined) {
    TRY_ASSIGN(q, joined_tokens(network, queries));
    TRY_ASSIGN(k, joined_tokens(network, keys));
    TRY_ASSIGN(v, joined_tokens(network, {v, keys.lengths}));
  }
  Tensor* y = nullptr;
  if (whole) {
    Attention op;
    op.scale = 1;
    op.causal = is_core;
    std::vector<Tensor*> operands{q, k, v};
    if (mask) operands.push_back(mask);
    TRY_ASSIGN(y, network.add(op, operands));
  } else {
    TRY_ASSIGN(Tensor * scores, multiply(network, q, k, true));
    if (mask) {
      TRY_ASSIGN(scores, apply_mask(network, scores, mask, softmax));
    }
    if (softmax) {
      TRY_ASSIGN(scores, network.add(Softmax(-1), {scores}));
    } else if (seen && mask->type.type != DataType::kBool) {
      TRY_ASSIGN(scores, apply_mask(network, scores, seen, false));
    }
    if (scale) {
      Quantize quantize;
      quantize.to = quantize_to;
      Dequantize dequantize;
      dequantize.to = q->type.type;
      TRY_ASSIGN(scores, network.add(quantize, {scores, scale}));
      TRY_ASSIGN(scores, network.add(dequantize, {scores, scale}));
    }
    TRY_ASSIGN(y, multiply(network, scores, v, false));
  }
  if (joined) {
    TRY_ASSIGN(y, parted(network, y, queries));
  }
  return std::vector<Tensor*>{y};
}

OPERATOR(AttentionLayer, attention_layer)

using namespace testing;

EXAMPLE("scores are used as they are without softmax, and a causal mask may be aligned at the end") {
  const std::vector<Values> inputs = {{{1, 1, 1, 1}, {2}}, {{1, 1, 2, 1}, {1, 3}}, {{1, 1, 2, 1}, {10, 20}}};
  const std::string head = "input q [1, 1, 1, 1]\ninput k [1, 1, 2, 1]\ninput v [1, 1, 2, 1]\n";
  expect_values(head + "y = attention_layer(q, k, v) softmax=false\noutput y\n", inputs, {140});
  expect_values(head + "y = attention_layer(q, k, v) causal=upper_left\noutput y\n", inputs, {10});
  expect_values(head + "y = attention_layer(q, k, v) causal=lower_right\noutput y\n", inputs,
                {10 / (1 + std::exp(4.0)) + 20 / (1 + std::exp(-4.0))});
}

EXAMPLE("padded keys behind the end of their sequence are not seen, and causal masks may align the ends") {
  // Scores are equal, so y is the mean of the values that are seen.
  const std::vector<Values> inputs = {{{2, 1, 2, 1}, {0, 0, 0, 0}}, {{2, 1, 3, 1}, {1, 2, 6, 10, 20, 90}}, {{2}, {2, 1}}, {{2}, {3, 2}}};
  const std::string head = "input q [2, 1, 2, 1]\ninput v [2, 1, 3, 1]\ninput l int32 [2]\ninput t int32 [2]\n";
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t)\noutput y\n", inputs, {3, 3, 15, 15});
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t) causal=upper_left\noutput y\n", inputs, {1, 1.5, 10, 15});
  // The last query of the first sequence sees all three keys, the one before two; the only one of the second sees both.
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t) causal=lower_right\nz = slice(y) axes=[2] starts=[0] ends=[1]\noutput z\n",
                inputs, {1.5, 15});
  // Scores as weights: what is not seen weighs 0.
  expect_values(head + "w = exp(q)\ny = attention_layer(w, v, v, _, _, l, t) softmax=false\noutput y\n", inputs, {41, 41, 500, 500});
}

EXAMPLE("packed sequences lie one behind the other, and each sees itself") {
  // Two sequences: one query and two keys, two queries and one key; two heads of queries share one of keys.
  const std::vector<Values> inputs = {{{3, 2, 1}, {0, 0, 0, 0, 0, 0}}, {{3, 1, 1}, {1, 3, 7}}, {{3}, {0, 1, 3}}, {{3}, {0, 2, 3}}};
  const std::string head = "input q [3, 2, 1]\ninput v [3, 1, 1]\ninput l int32 [3]\ninput t int64 [3]\n";
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t)\noutput y\n", inputs, {2, 2, 7, 7, 7, 7});
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t) causal=upper_left\noutput y\n", inputs, {1, 1, 7, 7, 7, 7});
  // The first of the second sequence's two queries lies before its only key.
  expect_values(head + "y = attention_layer(q, v, v, _, _, l, t) causal=lower_right\noutput y\n", inputs, {2, 2, 0, 0, 7, 7});
}

EXAMPLE("packed queries see padded caches, and padded queries packed keys") {
  expect_values(
      "input q [3, 1, 1]\ninput v [2, 1, 2, 1]\ninput l int32 [3]\ninput t int32 [2]\n"
      "y = attention_layer(q, v, v, _, _, l, t)\noutput y\n",
      {{{3, 1, 1}, {0, 0, 0}}, {{2, 1, 2, 1}, {1, 3, 7, 9}}, {{3}, {0, 1, 3}}, {{2}, {2, 1}}}, {2, 7, 7});
  expect_values(
      "input q [2, 1, 2, 1]\ninput v [3, 1, 1]\ninput t int32 [3]\n"
      "y = attention_layer(q, v, v, _, _, _, t)\noutput y\n",
      {{{2, 1, 2, 1}, {0, 0, 0, 0}}, {{3, 1, 1}, {1, 3, 7}}, {{3}, {0, 1, 3}}}, {1, 1, 5, 5});
}

EXAMPLE("lengths and masks fit the form of the sequences") {
  const std::string head = "input q [3, 1, 1]\ninput x [2, 1, 2, 1]\ninput l int32 [3]\ninput m bool [1, 1, 1, 1]\ninput f [2]\n";
  expect_error("input x [2, 1, 2, 1]\ninput l int32 [4]\ny = attention_layer(x, x, x, _, _, _, l)\noutput y\n",
               "numbers of lengths of keys and values and of sequences: 4 and 2 differ");
  expect_error(head + "y = attention_layer(q, q, q, m, _, l, l)\noutput y\n", "masks go with padded sequences");
  expect_error(head + "y = attention_layer(q, q, x, _, _, l, l)\noutput y\n", "both are padded, or both packed");
  expect_error(head + "y = attention_layer(x, x, x, _, _, f)\noutput y\n", "lengths of queries");
}

EXAMPLE("queries and keys have one size") {
  expect_error("input q [1, 1, 1, 2]\ninput k [1, 1, 2, 1]\ny = attention_layer(q, k, k)\noutput y\n", "sizes of queries and keys");
}

}  // namespace ingot
