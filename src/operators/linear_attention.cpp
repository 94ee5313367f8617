#include "operators/linear_attention.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

enum Input : size_t { kQ, kK, kV, kState, kDecay, kBeta };
constexpr const char* kNames[] = {"q", "k", "v", "the state", "decay", "beta"};

bool may_equal(const Dim& a, const Dim& b) { return a == b || !a.is_constant() || !b.is_constant(); }

}  // namespace

Result<TensorTypes> LinearAttention::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 3) return invalid("linear_attention needs q, k and v");
  const TensorType& q = inputs[kQ];
  if (!is_floating(q.type)) return invalid("linear_attention takes floating-point numbers, not " + std::string(name_of(q.type)));
  if (heads < 1 || key_heads < 1 || heads % key_heads != 0)
    return invalid(fmt::format("{} heads of q are no multiple of {} heads of k and v", heads, key_heads));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (is_absent(inputs, i)) continue;
    const Dims& dims = inputs[i].dims;
    if (inputs[i].rank() != (i == kState ? 4 : 3))
      return invalid(
          fmt::format("{} of linear_attention has dims {}; {} are wanted", kNames[i], to_text(dims), i == kState ? "four" : "three"));
    if (!may_equal(dims[0], q.dims[0]) || (i != kState && !may_equal(dims[1], q.dims[1]))) {
      return invalid(fmt::format("{} of linear_attention has dims {}, and q {}", kNames[i], to_text(dims), to_text(q.dims)));
    }
    const int64_t parts = i == kQ ? heads : key_heads;
    if (i <= kV && dims[2].is_constant() && dims[2].value() % parts != 0)
      return invalid(fmt::format("{} numbers of {} cannot be split into {} heads", dims[2].text(), kNames[i], parts));
  }
  const Dim depth = Dim::floor_divide(q.dims[2], Dim(heads)), value_depth = Dim::floor_divide(inputs[kV].dims[2], Dim(key_heads));
  if (!may_equal(Dim::floor_divide(inputs[kK].dims[2], Dim(key_heads)), depth))
    return invalid(fmt::format("q has {} numbers a head, which k {} does not", depth.text(), to_text(inputs[kK].dims)));
  const Dims state{q.dims[0], Dim(key_heads), depth, value_depth};
  if (!is_absent(inputs, kState)) {
    for (size_t d = 0; d < 4; ++d) {
      if (!may_equal(state[d], inputs[kState].dims[d]))
        return invalid(fmt::format("the state is {} here, not {}", to_text(state), to_text(inputs[kState].dims)));
    }
  }
  if (!is_absent(inputs, kDecay)) {
    const Dim& last = inputs[kDecay].dims[2];
    if (!may_equal(last, Dim(key_heads)) && !may_equal(last, Dim(key_heads) * depth))
      return invalid("decay has one number a head or one a number of k, not " + to_text(inputs[kDecay].dims));
  }
  if (!is_absent(inputs, kBeta)) {
    const Dim& last = inputs[kBeta].dims[2];
    if (!may_equal(last, Dim(key_heads)) && !last.is(1))
      return invalid("beta has one number a head or one for all, not " + to_text(inputs[kBeta].dims));
  }
  const DataType state_type = is_absent(inputs, kState) ? q.type : inputs[kState].type;
  return TensorTypes{{q.type, {q.dims[0], q.dims[1], value_depth * Dim(heads)}}, {state_type, state}};
}

Result<Arrays> LinearAttention::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(const TensorTypes types, infer(types_of(inputs)));
  TRY_ASSIGN(Array y, Array::make(types[0].type, constant_shape(types[0].dims)));
  TRY_ASSIGN(Array present, Array::make(types[1].type, constant_shape(types[1].dims)));
  const int64_t batch = present.shape()[0], depth = present.shape()[2], value_depth = present.shape()[3], steps = y.shape()[1],
                group = heads / key_heads;
  const double factor = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(depth));
  const Array &q = inputs[kQ], &k = inputs[kK], &v = inputs[kV];
  const bool decays = !is_absent(inputs, kDecay), corrects = !is_absent(inputs, kBeta);
  std::vector<double> state(static_cast<size_t>(depth * value_depth)), written(static_cast<size_t>(value_depth));
  const auto at = [&](int64_t d, int64_t m) -> double& { return state[static_cast<size_t>(d * value_depth + m)]; };
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < key_heads; ++h) {
      const int64_t state_first = (b * key_heads + h) * depth * value_depth;
      for (int64_t i = 0; i < depth * value_depth; ++i)
        state[static_cast<size_t>(i)] = is_absent(inputs, kState) ? 0 : inputs[kState].number(state_first + i);
      for (int64_t t = 0; t < steps; ++t) {
        const int64_t row = b * steps + t, k_first = (row * key_heads + h) * depth, v_first = (row * key_heads + h) * value_depth;
        if (decays) {
          const bool by_head = inputs[kDecay].shape()[2] == key_heads;
          for (int64_t d = 0; d < depth; ++d) {
            const double keep = std::exp(inputs[kDecay].number(by_head ? row * key_heads + h : k_first + d));
            for (int64_t m = 0; m < value_depth; ++m) at(d, m) *= keep;
          }
        }
        for (int64_t m = 0; m < value_depth; ++m) {
          double value = v.number(v_first + m);
          if (corrects) {
            for (int64_t d = 0; d < depth; ++d) value -= at(d, m) * k.number(k_first + d);
            value *= inputs[kBeta].number(inputs[kBeta].shape()[2] == key_heads ? row * key_heads + h : row);
          }
          written[static_cast<size_t>(m)] = value;
        }
        for (int64_t d = 0; d < depth; ++d) {
          for (int64_t m = 0; m < value_depth; ++m) at(d, m) += k.number(k_first + d) * written[static_cast<size_t>(m)];
        }
        for (int64_t g = 0; g < group; ++g) {
          const int64_t head = h * group + g;
          for (int64_t m = 0; m < value_depth; ++m) {
            double sum = 0;
            for (int64_t d = 0; d < depth; ++d) sum += q.number((row * heads + head) * depth + d) * at(d, m);
            y.set_number((row * heads + head) * value_depth + m, factor * sum);
          }
        }
      }
      for (int64_t i = 0; i < depth * value_depth; ++i) present.set_number(state_first + i, state[static_cast<size_t>(i)]);
    }
  }
  return Arrays{std::move(y), std::move(present)};
}

namespace {

Result<std::vector<Tensor*>> import_linear_attention(const OnnxNode& node, Network& network) {
  std::vector<Tensor*> inputs(6, nullptr);
  for (size_t i = 0; i < 6 && i < node.input_count(); ++i) inputs[i] = node.input(i);
  for (size_t i = 0; i < 3; ++i) TRY(required_input(node, i));
  TRY_ASSIGN(const std::string rule, node.word("update_rule", "gated_delta"));
  const bool gated = rule == "gated" || rule == "gated_delta", delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear") return invalid("update_rule is '" + rule + "'; it is linear, gated, delta or gated_delta");
  if (gated != (inputs[kDecay] != nullptr)) return invalid("update_rule '" + rule + "' " + (gated ? "needs" : "takes no") + " decay");
  if (delta != (inputs[kBeta] != nullptr)) return invalid("update_rule '" + rule + "' " + (delta ? "needs" : "takes no") + " beta");
  LinearAttention op;
  TRY_ASSIGN(op.heads, node.integer("q_num_heads", 0));
  TRY_ASSIGN(op.key_heads, node.integer("kv_num_heads", 0));
  TRY_ASSIGN(op.scale, node.number("scale", 0));
  while (!inputs.back()) inputs.pop_back();
  TRY_ASSIGN(Layer * layer, network.add_layer(std::make_unique<LinearAttention>(op), inputs));
  return layer->outputs();
}

}  // namespace

OPERATOR(LinearAttention, linear_attention, {"LinearAttention", import_linear_attention})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("the state gathers keys with values, and queries read it") {
  expect_values("input q [1, 2, 1]\ninput v [1, 2, 2]\ny, s = linear_attention(q, q, v)\noutput y\noutput s\n",
                {{{1, 2, 1}, {1, 2}}, {{1, 2, 2}, {1, 10, 2, 20}}}, {1, 10, 10, 100, 5, 50});
}

EXAMPLE("decay fades the state, and beta corrects towards the value") {
  // The state 4 fades to 2; the value 3 differs from the 2 that is retrieved by 1, of which half is written.
  expect_values(
      "input q [1, 1, 1]\ninput v [1, 1, 1]\nweights s [1, 1, 1, 1] = 4\nweights d [1, 1, 1] = -0.6931472\nweights b [1, 1, 1] = 0.5\ny, p "
      "= linear_attention(q, q, v, s, d, b)\noutput y\noutput p\n",
      {{{1, 1, 1}, {1}}, {{1, 1, 1}, {3}}}, {2.5, 2.5});
}

EXAMPLE("a state of another size is refused") {
  expect_error("input q [1, 1, 4]\ninput s [1, 1, 4, 3]\ny, p = linear_attention(q, q, q, s)\noutput y\n",
               "the state is [1, 1, 4, 4] here, not [1, 1, 4, 3]");
}

}  // namespace ingot::testing
