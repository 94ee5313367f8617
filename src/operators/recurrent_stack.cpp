#include "operators/recurrent_stack.h"

#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "operators/slice.h"
#include "operators/transpose.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> RecurrentStack::infer(const TensorTypes& inputs) const {
  if (inputs.empty() || inputs[0].rank() != (steps_first ? 4 : 3) || !is_floating(inputs[0].type))
    return invalid(std::string("recurrent_stack takes x ") + (steps_first ? "[groups, length, batch, size]" : "[batch, length, size]") +
                   (inputs.empty() ? std::string() : ", not " + inputs[0].text()));
  if (layers < 1 || hidden < 1)
    return invalid("there are layers and hidden units, not " + std::to_string(layers) + " and " + std::to_string(hidden));
  const auto weights = static_cast<size_t>(3 * layers);
  if (inputs.size() > kFirstWeights && inputs.size() != kFirstWeights + weights)
    return invalid(std::to_string(layers) + " layers have " + std::to_string(weights) + " weights; got " +
                   std::to_string(inputs.size() - kFirstWeights));
  const TensorType& x = inputs[0];
  if (steps_first) {
    TensorTypes types{{x.type, {x.dims[0], x.dims[1], x.dims[2], Dim(directions() * hidden)}},
                      {x.type, {x.dims[0], Dim(layers * directions()), x.dims[2], Dim(hidden)}}};
    if (cell == RecurrentCell::kLstm) types.push_back(types[1]);
    return types;
  }
  TensorTypes types{{x.type, {x.dims[0], x.dims[1], Dim(directions() * hidden)}},
                    {x.type, {x.dims[0], Dim(layers * directions()), Dim(hidden)}}};
  if (cell == RecurrentCell::kLstm) types.push_back(types[1]);
  return types;
}

Result<std::vector<Tensor*>> RecurrentStack::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  if (inputs.size() <= kFirstWeights) return invalid("the recurrent layers lack weights");
  if (steps_first) return decompose_steps_first(network, inputs);
  const auto input = [&](size_t index) { return index < inputs.size() ? inputs[index] : nullptr; };
  Recurrent op;
  op.cell = cell;
  op.layout = 1;
  op.direction = bidirectional ? RecurrentDirection::kBidirectional : RecurrentDirection::kForward;
  op.linear_before_reset = cell == RecurrentCell::kGru;
  if (cell == RecurrentCell::kRnn && relu) op.activations = bidirectional ? "relu relu" : "relu";
  Tensor* x = inputs[0];
  std::vector<Tensor*> states, cells;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const auto part = [&](Tensor* all) -> Result<Tensor*> {
      if (!all || layers == 1) return all;
      Slice slice;
      slice.axes = {1};
      slice.starts = {layer * directions()};
      slice.ends = {(layer + 1) * directions()};
      return network.add(slice, {all});
    };
    TRY_ASSIGN(Tensor * h, part(input(2)));
    TRY_ASSIGN(Tensor * c, part(cell == RecurrentCell::kLstm ? input(3) : nullptr));
    const size_t first = kFirstWeights + static_cast<size_t>(3 * layer);
    std::vector<Tensor*> operands{x, input(first), input(first + 1), input(first + 2), input(1), h};
    if (cell == RecurrentCell::kLstm) operands.push_back(c);
    while (!operands.back()) operands.pop_back();
    TRY_ASSIGN(Layer * made, network.add_layer(std::make_unique<Recurrent>(op), operands));
    TRY_ASSIGN(x, network.add(Reshape(Dims{input_dim(0), input_dim(1), Dim(directions() * hidden)}), {made->output(0)}));
    states.push_back(made->output(1));
    if (cell == RecurrentCell::kLstm) cells.push_back(made->output(2));
  }
  std::vector<Tensor*> outputs{x};
  for (const auto* parts : {&states, &cells}) {
    if (parts->empty()) continue;
    TRY_ASSIGN(Tensor * joined, network.add(Concat(1), *parts));
    outputs.push_back(joined);
  }
  return outputs;
}

// Groups and sequences become one batch, in front of the steps, and come apart again behind the stack.
Result<std::vector<Tensor*>> RecurrentStack::decompose_steps_first(Network& network, const std::vector<Tensor*>& inputs) const {
  const Dims x = inputs[0]->type.dims;
  std::vector<Tensor*> plain = inputs;
  for (size_t i : {0, 2, 3}) {
    if (i >= inputs.size() || !inputs[i]) continue;
    if (i == 3 && cell != RecurrentCell::kLstm) continue;
    const Dims dims = inputs[i]->type.dims;
    if (dims.size() != 4)
      return invalid("the states of recurrent layers are " + inputs[i]->type.text() + "; [groups, layers, batch, hidden] is wanted");
    TRY_ASSIGN(Tensor * moved, network.add(Transpose({0, 2, 1, 3}), {inputs[i]}));
    auto flat = Reshape::between(moved->type.dims, {dims[0] * dims[2], dims[1], dims[3]});
    if (!flat) return invalid("a tensor " + inputs[i]->type.text() + " does not become a batch of sequences");
    TRY_ASSIGN(plain[i], network.add(std::move(*flat), {moved}));
  }
  auto op = std::make_unique<RecurrentStack>(*this);
  op->steps_first = false;
  TRY_ASSIGN(Layer * stack, network.add_layer(std::move(op), plain));
  std::vector<Tensor*> outputs;
  for (Tensor* output : stack->outputs()) {
    auto apart = Reshape::between(output->type.dims, {x[0], x[2], output->type.dims[1], output->type.dims[2]});
    if (!apart) return invalid("a batch of sequences " + output->type.text() + " does not come apart into groups");
    TRY_ASSIGN(Tensor * grouped, network.add(std::move(*apart), {output}));
    TRY_ASSIGN(Tensor * moved, network.add(Transpose({0, 2, 1, 3}), {grouped}));
    outputs.push_back(moved);
  }
  return outputs;
}

OPERATOR(RecurrentStack, recurrent_stack)

using namespace testing;

EXAMPLE("the second layer reads the first one's hidden states") {
  // h1[t] = relu(x[t] + h1[t-1]), h2[t] = relu(2 * h1[t] + h2[t-1])
  expect_values(
      "input x [1, 2, 1]\nweights w float [1, 1, 1] = 1\nweights v float [1, 1, 1] = 2\nweights r float [1, 1, 1] = 1\nweights b float [1, "
      "2] = 0 0\n"
      "y, h = recurrent_stack(x, _, _, _, w, r, b, v, r, b) cell=rnn relu=true layers=2\noutput y\noutput h\n",
      {{{1, 2, 1}, {1, 2}}}, {2, 8, 3, 8});
}

EXAMPLE("a stack of sequences step by step is the same as sequence by sequence") {
  // Two sequences (1, 2) and (10, 20), and hidden states at first of 100 and 200.
  expect_values(
      "input x [1, 2, 2, 1]\ninput h0 [1, 1, 2, 1]\nweights w float [1, 1, 1] = 1\nweights r float [1, 1, 1] = 1\nweights b float [1, "
      "2] = 0 0\n"
      "y, h = recurrent_stack(x, _, h0, _, w, r, b) cell=rnn relu=true steps_first=true\noutput y\noutput h\n",
      {{{1, 2, 2, 1}, {1, 10, 2, 20}}, {{1, 1, 2, 1}, {100, 200}}}, {{101, 210, 103, 230}, {103, 230}});
}

EXAMPLE("a stack has weights for each layer") {
  expect_error("input x [1, 2, 1]\nweights w float [1, 1, 1] = 1\ny, h = recurrent_stack(x, _, _, _, w)\noutput y\n",
               "1 layers have 3 weights; got 1");
}

}  // namespace ingot
