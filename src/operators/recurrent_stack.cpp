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
  if (inputs.empty() || inputs[0].rank() != 3 || !is_floating(inputs[0].type))
    return invalid("recurrent_stack takes x [batch, length, size]" + (inputs.empty() ? std::string() : ", not " + inputs[0].text()));
  if (layers < 1 || hidden < 1)
    return invalid("there are layers and hidden units, not " + std::to_string(layers) + " and " + std::to_string(hidden));
  const auto weights = static_cast<size_t>(3 * layers);
  if (inputs.size() > kFirstWeights && inputs.size() != kFirstWeights + weights)
    return invalid(std::to_string(layers) + " layers have " + std::to_string(weights) + " weights; got " +
                   std::to_string(inputs.size() - kFirstWeights));
  const TensorType& x = inputs[0];
  TensorTypes types{{x.type, {x.dims[0], x.dims[1], Dim(directions() * hidden)}},
                    {x.type, {x.dims[0], Dim(layers * directions()), Dim(hidden)}}};
  if (cell == RecurrentCell::kLstm) types.push_back(types[1]);
  return types;
}

Result<std::vector<Tensor*>> RecurrentStack::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  if (inputs.size() <= kFirstWeights) return invalid("the recurrent layers lack weights");
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

EXAMPLE("a stack has weights for each layer") {
  expect_error("input x [1, 2, 1]\nweights w float [1, 1, 1] = 1\ny, h = recurrent_stack(x, _, _, _, w)\noutput y\n",
               "1 layers have 3 weights; got 1");
}

}  // namespace ingot
