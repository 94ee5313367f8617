#include "operators/recurrent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {
namespace {

enum Input : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };
constexpr std::string_view kInputNames[] = {"x", "w", "r", "b", "sequence_lens", "initial_h", "initial_c", "p"};

// Functions that a recurrent cell may use, and whether they take alpha and beta.
struct Allowed {
  ScalarOp op;
  bool takes_alpha, takes_beta;
};
constexpr Allowed kAllowed[] = {
    {ScalarOp::kSigmoid, false, false},  {ScalarOp::kTanh, false, false},      {ScalarOp::kRelu, false, false},
    {ScalarOp::kAffine, true, true},     {ScalarOp::kLeakyRelu, true, false},  {ScalarOp::kThresholdedRelu, true, false},
    {ScalarOp::kScaledTanh, true, true}, {ScalarOp::kHardSigmoid, true, true}, {ScalarOp::kElu, true, false},
    {ScalarOp::kSoftsign, false, false}, {ScalarOp::kSoftplus, false, false},
};

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

size_t activations_per_direction(RecurrentCell cell) { return cell == RecurrentCell::kLstm ? 3 : cell == RecurrentCell::kGru ? 2 : 1; }

// Sizes of a call, and its arrays.
struct Run {
  const Recurrent& op;
  const Arrays& inputs;
  int64_t steps, batch, input_size, hidden, gates;
  std::vector<Recurrent::Activation> activations;

  const double* numbers(Input input) const { return loaded[input].empty() ? nullptr : loaded[input].data(); }
  std::vector<double> loaded[8];

  double activate(int64_t direction, size_t which, double x) const {
    const Recurrent::Activation& f = activations[static_cast<size_t>(direction) * activations_per_direction(op.cell) + which];
    if (op.clip != 0) x = std::clamp(x, -op.clip, op.clip);
    return compute_real(f.op, x, 0, 0, f.a, f.b);
  }
  // x * w^T + wb of one gate's unit.
  double from_input(int64_t direction, int64_t gate_unit, const double* x) const {
    const double* w = numbers(kW) + (direction * gates * hidden + gate_unit) * input_size;
    const double* b = numbers(kB);
    double sum = b ? b[direction * 2 * gates * hidden + gate_unit] : 0;
    for (int64_t i = 0; i < input_size; ++i) sum += x[i] * w[i];
    return sum;
  }
  // h * r^T + rb of one gate's unit.
  double from_state(int64_t direction, int64_t gate_unit, const double* h) const {
    const double* r = numbers(kR) + (direction * gates * hidden + gate_unit) * hidden;
    const double* b = numbers(kB);
    double sum = b ? b[direction * 2 * gates * hidden + gates * hidden + gate_unit] : 0;
    for (int64_t i = 0; i < hidden; ++i) sum += h[i] * r[i];
    return sum;
  }

  // One step of one direction and row: h and c hold the state and receive the next one.
  void step(int64_t direction, const double* x, std::vector<double>& h, std::vector<double>& c) const {
    const std::vector<double> before = h;
    const auto gate = [&](int64_t index, int64_t unit) {
      return from_input(direction, index * hidden + unit, x) + from_state(direction, index * hidden + unit, before.data());
    };
    if (op.cell == RecurrentCell::kRnn) {
      for (int64_t u = 0; u < hidden; ++u) h[static_cast<size_t>(u)] = activate(direction, 0, gate(0, u));
      return;
    }
    if (op.cell == RecurrentCell::kGru) {
      std::vector<double> reset(before.size());
      for (int64_t u = 0; u < hidden; ++u) reset[static_cast<size_t>(u)] = activate(direction, 0, gate(1, u));
      std::vector<double> gated(before.size());
      for (size_t u = 0; u < gated.size(); ++u) gated[u] = reset[u] * before[u];
      for (int64_t u = 0; u < hidden; ++u) {
        const auto at = static_cast<size_t>(u);
        const double update = activate(direction, 0, gate(0, u));
        const double recurrent = op.linear_before_reset ? reset[at] * from_state(direction, 2 * hidden + u, before.data())
                                                        : from_state(direction, 2 * hidden + u, gated.data());
        const double candidate = activate(direction, 1, from_input(direction, 2 * hidden + u, x) + recurrent);
        h[at] = (1 - update) * candidate + update * before[at];
      }
      return;
    }
    const double* p = numbers(kPeepholes);
    const auto peephole = [&](int64_t which, int64_t u, double cell) { return p ? p[(direction * 3 + which) * hidden + u] * cell : 0; };
    for (int64_t u = 0; u < hidden; ++u) {
      const auto at = static_cast<size_t>(u);
      const double input = activate(direction, 0, gate(0, u) + peephole(0, u, c[at]));
      const double forget = op.input_forget ? 1 - input : activate(direction, 0, gate(2, u) + peephole(2, u, c[at]));
      c[at] = forget * c[at] + input * activate(direction, 1, gate(3, u));
      const double output = activate(direction, 0, gate(1, u) + peephole(1, u, c[at]));
      const Recurrent::Activation& last = activations[static_cast<size_t>(direction) * 3 + 2];
      h[at] = output * compute_real(last.op, c[at], 0, 0, last.a, last.b);
    }
  }
};

}  // namespace

Result<std::vector<Recurrent::Activation>> Recurrent::parse_activations() const {
  const size_t each = activations_per_direction(cell), wanted = each * static_cast<size_t>(directions());
  std::vector<Activation> result;
  if (activations.empty()) {
    for (size_t i = 0; i < wanted; ++i)
      result.push_back({cell != RecurrentCell::kRnn && i % each == 0 ? ScalarOp::kSigmoid : ScalarOp::kTanh, 0, 0});
    return result;
  }
  const std::vector<std::string> words = words_in(activations);
  if (words.size() != wanted)
    return invalid(fmt::format("there are {} activations; {} are wanted, {} for each direction", words.size(), wanted, each));
  size_t alphas_read = 0, betas_read = 0;
  for (const std::string& word : words) {
    const auto* found =
        std::find_if(std::begin(kAllowed), std::end(kAllowed), [&](const Allowed& allowed) { return name_of(allowed.op) == word; });
    if (found == std::end(kAllowed)) return invalid("'" + word + "' is no activation of a recurrent layer");
    Activation activation{found->op, default_a_of(found->op), default_b_of(found->op)};
    if (found->takes_alpha && alphas_read < alphas.size()) activation.a = alphas[alphas_read++];
    if (found->takes_beta && betas_read < betas.size()) activation.b = betas[betas_read++];
    result.push_back(activation);
  }
  return result;
}

Result<TensorTypes> Recurrent::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 3) return invalid("a recurrent layer needs x, w and r");
  const TensorType &x = inputs[kX], &r = inputs[kR];
  if (!is_floating(x.type)) return invalid("a recurrent layer takes floating-point numbers, not " + std::string(name_of(x.type)));
  if (x.rank() != 3) return invalid("x of a recurrent layer is [steps, batch, inputs], not " + to_text(x.dims));
  if (r.rank() != 3) return invalid("r of a recurrent layer is [directions, gates * hidden, hidden], not " + to_text(r.dims));
  if (layout != 0 && layout != 1) return invalid(fmt::format("the layout is {}; it is 0 or 1", layout));
  if (clip < 0) return invalid(fmt::format("clip is {}; it is positive, or 0 for none", clip));
  TRY(parse_activations());
  const Dim &steps = x.dims[layout == 0 ? 0 : 1], &batch = x.dims[layout == 0 ? 1 : 0], &hidden = r.dims[2];
  const Dim count(directions()), gate_count(gates());
  const Dims state = layout == 0 ? Dims{count, batch, hidden} : Dims{batch, count, hidden};
  const Dims wanted[] = {x.dims,
                         {count, gate_count * hidden, x.dims[2]},
                         {count, gate_count * hidden, hidden},
                         {count, Dim(2) * gate_count * hidden},
                         {batch},
                         state,
                         state,
                         {count, Dim(3) * hidden}};
  const size_t known = cell == RecurrentCell::kLstm ? 8 : 6;
  if (inputs.size() > known)
    return invalid(fmt::format("a recurrent layer of this kind has {} inputs at most, not {}", known, inputs.size()));
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (is_absent(inputs, i)) continue;
    bool fits = inputs[i].dims.size() == wanted[i].size();
    for (size_t d = 0; fits && d < wanted[i].size(); ++d) {
      fits = !inputs[i].dims[d].is_constant() || !wanted[i][d].is_constant() || inputs[i].dims[d] == wanted[i][d];
    }
    if (!fits)
      return invalid(
          fmt::format("{} of a recurrent layer is {} here, not {}", kInputNames[i], to_text(wanted[i]), to_text(inputs[i].dims)));
    if (i == kLengths ? !is_integer(inputs[i].type) : inputs[i].type != x.type) {
      return invalid(fmt::format("{} of a recurrent layer is {}, not {}", kInputNames[i], i == kLengths ? "int32" : name_of(x.type),
                                 name_of(inputs[i].type)));
    }
  }
  TensorTypes outputs{{x.type, layout == 0 ? Dims{steps, count, batch, hidden} : Dims{batch, steps, count, hidden}}, {x.type, state}};
  if (cell == RecurrentCell::kLstm) outputs.push_back({x.type, state});
  return outputs;
}

Result<Arrays> Recurrent::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(const TensorTypes types, infer(types_of(inputs)));
  Arrays outputs;
  for (const TensorType& type : types) {
    TRY_ASSIGN(Array output, Array::make(type.type, constant_shape(type.dims)));
    outputs.push_back(std::move(output));
  }
  const Shape& x_shape = inputs[kX].shape();
  Run run{*this, inputs, x_shape[layout == 0 ? 0 : 1], x_shape[layout == 0 ? 1 : 0], x_shape[2], inputs[kR].shape()[2], gates(), {}, {}};
  TRY_ASSIGN(run.activations, parse_activations());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!is_absent(inputs, i)) run.loaded[i] = load_all<double>(inputs[i]);
  }
  const int64_t hidden = run.hidden, count = directions();
  const auto state_at = [&](int64_t d, int64_t b) { return (layout == 0 ? d * run.batch + b : b * count + d) * hidden; };
  for (int64_t d = 0; d < count; ++d) {
    const bool backwards = direction == RecurrentDirection::kReverse || d == 1;
    for (int64_t b = 0; b < run.batch; ++b) {
      std::vector<double> h(static_cast<size_t>(hidden), 0), c = h;
      for (int64_t u = 0; u < hidden; ++u) {
        if (const double* initial = run.numbers(kInitialH)) h[static_cast<size_t>(u)] = initial[state_at(d, b) + u];
        if (const double* initial = run.numbers(kInitialC)) c[static_cast<size_t>(u)] = initial[state_at(d, b) + u];
      }
      int64_t length = run.steps;
      if (const double* lengths = run.numbers(kLengths)) length = std::clamp<int64_t>(static_cast<int64_t>(lengths[b]), 0, run.steps);
      for (int64_t i = 0; i < length; ++i) {  // what lies behind the length stays 0
        const int64_t t = backwards ? length - 1 - i : i;
        run.step(d, run.numbers(kX) + (layout == 0 ? t * run.batch + b : b * run.steps + t) * run.input_size, h, c);
        const int64_t y_at = (layout == 0 ? (t * count + d) * run.batch + b : (b * run.steps + t) * count + d) * hidden;
        for (int64_t u = 0; u < hidden; ++u) outputs[0].set_number(y_at + u, h[static_cast<size_t>(u)]);
      }
      for (int64_t u = 0; u < hidden; ++u) {
        outputs[1].set_number(state_at(d, b) + u, h[static_cast<size_t>(u)]);
        if (cell == RecurrentCell::kLstm) outputs[2].set_number(state_at(d, b) + u, c[static_cast<size_t>(u)]);
      }
    }
  }
  return outputs;
}

namespace {

// "LeakyRelu" becomes leaky_relu; ONNX takes any case.
Result<std::string> activation_from_onnx(const std::string& word) {
  const auto plain = [](std::string_view text) {
    std::string result;
    for (char c : text) {
      if (c != '_') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return result;
  };
  for (const Allowed& allowed : kAllowed) {
    if (plain(name_of(allowed.op)) == plain(word)) return std::string(name_of(allowed.op));
  }
  return invalid("'" + word + "' is no activation of a recurrent layer");
}

template <RecurrentCell kCell>
Result<std::vector<Tensor*>> import_recurrent(const OnnxNode& node, Network& network) {
  Recurrent op;
  op.cell = kCell;
  TRY_ASSIGN(const std::string direction, node.word("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    return invalid("direction is '" + direction + "'; it is forward, reverse or bidirectional");
  }
  op.direction = direction == "forward"   ? RecurrentDirection::kForward
                 : direction == "reverse" ? RecurrentDirection::kReverse
                                          : RecurrentDirection::kBidirectional;
  TRY_ASSIGN(op.layout, node.integer("layout", 0));
  TRY_ASSIGN(op.alphas, node.numbers("activation_alpha", {}));
  TRY_ASSIGN(op.betas, node.numbers("activation_beta", {}));
  TRY_ASSIGN(op.clip, node.number("clip", 0));
  TRY_ASSIGN(op.linear_before_reset, node.integer("linear_before_reset", 0));
  TRY_ASSIGN(op.input_forget, node.integer("input_forget", 0));
  TRY_ASSIGN(const std::vector<std::string> words, node.words("activations", {}));
  for (const std::string& word : words) {
    TRY_ASSIGN(const std::string activation, activation_from_onnx(word));
    op.activations += (op.activations.empty() ? "" : " ") + activation;
  }
  std::vector<Tensor*> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (i < 3) {
      TRY(required_input(node, i));
    }
    inputs.push_back(node.input(i));
  }
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  TRY_ASSIGN(Layer * layer, network.add_layer(std::make_unique<Recurrent>(op), inputs));
  return layer->outputs();
}

}  // namespace

OPERATOR(Recurrent, recurrent, {"LSTM", import_recurrent<RecurrentCell::kLstm>}, {"GRU", import_recurrent<RecurrentCell::kGru>},
         {"RNN", import_recurrent<RecurrentCell::kRnn>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a plain cell carries its state on") {
  expect_values(
      "input x [2, 1, 1]\nweights w [1, 1, 1] = 1\nweights r [1, 1, 1] = 2\nweights b [1, 2] = 0.5 0.25\ny, h = recurrent(x, w, r, b) "
      "cell=rnn activations=relu\noutput y\noutput h\n",
      {{{2, 1, 1}, {1, 2}}}, {1.75, 6.25, 6.25});
}

EXAMPLE("an lstm cell step by step") {
  // i = o = f = sigmoid(0), candidate = tanh(1), so c = 0.5 * 2 + 0.5 * tanh(1) and h = 0.5 * tanh(c).
  expect_values(
      "input x [1, 1, 1]\nweights w [1, 4, 1] = 0 0 0 1\nweights r [1, 4, 1] = 0 0 0 0\nweights c0 [1, 1, 1] = 2\ny, h, c = recurrent(x, "
      "w, r, _, _, _, c0)\noutput y\noutput h\noutput c\n",
      {{{1, 1, 1}, {1}}}, {0.440565, 0.440565, 1.380797});
}

EXAMPLE("a gru cell applies its reset before or after the product") {
  // z = r = sigmoid(0), h0 = 1: candidate tanh(0.5 * (1 + rb)) with the reset after, tanh(0.5 + rb) with it before.
  const std::string net =
      "input x [1, 1, 1]\nweights w [1, 3, 1] = 0 0 0\nweights r [1, 3, 1] = 0 0 1\nweights b [1, 6] = 0 0 0 0 0 1\nweights h0 [1, 1, 1] = "
      "1\n";
  expect_values(net + "y, h = recurrent(x, w, r, b, _, h0) cell=gru linear_before_reset=true\noutput y\noutput h\n", {{{1, 1, 1}, {0}}},
                {0.880797, 0.880797});
  expect_values(net + "y, h = recurrent(x, w, r, b, _, h0) cell=gru\noutput y\noutput h\n", {{{1, 1, 1}, {0}}}, {0.952574, 0.952574});
}

EXAMPLE("short sequences stop early, and backwards they start at their end") {
  const std::string net = "input x [3, 2, 1]\nweights w [2, 1, 1] = 1 1\nweights r [2, 1, 1] = 1 1\nweights n int32 [2] = 3 1\n";
  expect_values(net + "y, h = recurrent(x, w, r, _, n) cell=rnn direction=bidirectional activations=\"relu relu\"\noutput y\noutput h\n",
                {{{3, 2, 1}, {1, 10, 2, 20, 3, 30}}}, {1, 10, 6, 10, 3, 0, 5, 0, 6, 0, 3, 0, 6, 10, 6, 10});
}

EXAMPLE("with layout 1 the batch comes first") {
  expect_types(
      "input x [b, t, 3]\nweights w [1, 20, 3] = seed 1\nweights r [1, 20, 5] = seed 2\ny, h, c = recurrent(x, w, r) layout=1\noutput "
      "y\noutput h\noutput c\n",
      {"float [b, t, 1, 5]", "float [b, 1, 5]", "float [b, 1, 5]"});
}

EXAMPLE("weights of another size are refused") {
  expect_error("input x [2, 1, 3]\nweights w [1, 8, 3] = seed 1\nweights r [1, 20, 5] = seed 2\ny, h, c = recurrent(x, w, r)\noutput y\n",
               "w of a recurrent layer is [1, 20, 3] here, not [1, 8, 3]");
}

EXAMPLE("an unknown activation is named") {
  expect_error(
      "input x [2, 1, 3]\nweights w [1, 5, 3] = seed 1\nweights r [1, 5, 5] = seed 2\ny, h = recurrent(x, w, r) cell=rnn "
      "activations=gelu\noutput y\n",
      "'gelu' is no activation of a recurrent layer");
}

}  // namespace ingot::testing
