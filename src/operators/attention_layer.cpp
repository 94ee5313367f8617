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
#include "operators/softmax.h"
#include "testing/example.h"

namespace ingot {
namespace {

// The bools [S, T] of a causal mask for known lengths.
Result<Array> causal_mask(const Dim& queries, const Dim& keys, CausalKind kind) {
  if (!queries.is_constant() || !keys.is_constant())
    return unsupported("a causal mask of the kind lower_right, or without softmax, needs known lengths; they are " + queries.text() +
                       " and " + keys.text());
  TRY_ASSIGN(Array mask, Array::make(DataType::kBool, {queries.value(), keys.value()}));
  const int64_t shift = kind == CausalKind::kLowerRight ? keys.value() - queries.value() : 0;
  for (int64_t i = 0; i < queries.value(); ++i) {
    for (int64_t j = 0; j < keys.value(); ++j) mask.set_integer(i * keys.value() + j, j <= i + shift);
  }
  return mask;
}

Result<Tensor*> apply_mask(Network& network, Tensor* scores, Tensor* mask) {
  if (mask->type.type != DataType::kBool) return network.add(Elementwise(ScalarOp::kAdd), {scores, mask});
  Tensor* never = network.add_constant("", Array::scalar(scores->type.type, -__builtin_inf()));
  return network.add(Elementwise(ScalarOp::kSelect), {mask, scores, never});
}

}  // namespace

Result<TensorTypes> AttentionLayer::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 5));
  const TensorType &q = inputs[0], &k = inputs[1], &v = inputs[2];
  for (size_t i = 0; i < 3; ++i) {
    if (inputs[i].rank() != 4 || !is_floating(inputs[i].type))
      return invalid("queries, keys and values are [batch, heads, length, size]; input " + std::to_string(i) + " is " + inputs[i].text());
  }
  TRY(same_dim(q.dims[3], k.dims[3], "sizes of queries and keys"));
  TRY(same_dim(k.dims[2], v.dims[2], "lengths of keys and values"));
  TRY(same_dim(k.dims[1], v.dims[1], "heads of keys and values"));
  if (q.dims[1].is_constant() && k.dims[1].is_constant() && (k.dims[1].is(0) || q.dims[1].value() % k.dims[1].value() != 0))
    return invalid("the " + q.dims[1].text() + " heads of the queries are no multiple of the " + k.dims[1].text() + " heads of the keys");
  if (!softmax && q.dims[1] != k.dims[1]) return unsupported("without softmax, queries and keys have as many heads");
  return TensorTypes{{q.type, {q.dims[0], q.dims[1], q.dims[2], v.dims[3]}}};
}

Result<std::vector<Tensor*>> AttentionLayer::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  Tensor* mask = inputs.size() > 3 ? inputs[3] : nullptr;
  Tensor* scale = inputs.size() > 4 && quantize_to != DataType::kFloat ? inputs[4] : nullptr;
  const Dim &queries = inputs[0]->type.dims[2], &keys = inputs[1]->type.dims[2];
  const bool square = queries == keys;
  const bool whole = softmax && !scale && (causal != CausalKind::kLowerRight || square);
  if (!whole && causal != CausalKind::kNone) {
    TRY_ASSIGN(Array bools, causal_mask(queries, keys, causal));
    Tensor* seen = network.add_constant("", std::move(bools));
    if (!mask) {
      mask = seen;
    } else if (mask->type.type == DataType::kBool) {
      TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kAnd), {mask, seen}));
    } else {
      Tensor* never = network.add_constant("", Array::scalar(mask->type.type, -__builtin_inf()));
      TRY_ASSIGN(mask, network.add(Elementwise(ScalarOp::kSelect), {seen, mask, never}));
    }
  }
  if (softmax && !scale) {
    Attention op;
    op.scale = 1;
    op.causal = whole && causal != CausalKind::kNone;
    std::vector<Tensor*> operands{inputs[0], inputs[1], inputs[2]};
    if (mask) operands.push_back(mask);
    TRY_ASSIGN(Tensor * y, network.add(op, operands));
    return std::vector<Tensor*>{y};
  }
  TRY_ASSIGN(Tensor * scores, network.add(MatMul(false, true), {inputs[0], inputs[1]}));
  if (mask) {
    TRY_ASSIGN(scores, apply_mask(network, scores, mask));
  }
  if (softmax) {
    TRY_ASSIGN(scores, network.add(Softmax(-1), {scores}));
  }
  if (scale) {
    Quantize quantize;
    quantize.to = quantize_to;
    Dequantize dequantize;
    dequantize.to = inputs[0]->type.type;
    TRY_ASSIGN(scores, network.add(quantize, {scores, scale}));
    TRY_ASSIGN(scores, network.add(dequantize, {scores, scale}));
  }
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, false), {scores, inputs[2]}));
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

EXAMPLE("queries and keys have one size") {
  expect_error("input q [1, 1, 1, 2]\ninput k [1, 1, 2, 1]\ny = attention_layer(q, k, k)\noutput y\n", "sizes of queries and keys");
}

}  // namespace ingot
