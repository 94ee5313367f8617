#include "operators/mixture_of_experts.h"

#include <algorithm>
#include <cmath>

#include "operators/epilogue.h"
#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> MixtureOfExperts::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 9));
  const TensorType &x = inputs[0], &experts = inputs[1], &scores = inputs[2];
  if (x.rank() < 2 || !is_floating(x.type))
    return invalid("the hidden states are " + x.text() + "; [..., size] of floating-point numbers is wanted");
  TRY(check_index_type("the selected experts", experts.type));
  if (experts.rank() != x.rank() || scores.rank() != x.rank())
    return invalid("hidden states, selected experts and scores have one rank; they are " + x.text() + ", " + experts.text() + " and " +
                   scores.text());
  for (size_t d = 0; d + 1 < x.dims.size(); ++d) {
    TRY(same_dim(x.dims[d], experts.dims[d], "tokens of hidden states and experts"));
    TRY(same_dim(experts.dims[d], scores.dims[d], "tokens of experts and scores"));
  }
  TRY(same_dim(experts.dims.back(), scores.dims.back(), "numbers of experts and scores"));
  if (inputs.size() > 3) {
    if (inputs.size() < 6) return invalid("the weights of experts are three tensors: gate, up and down");
    for (size_t i = 3; i < 6; ++i) {
      if (inputs[i].rank() != 3) return invalid("the weights of experts are [experts, in, out], not " + inputs[i].text());
    }
    TRY(same_dim(inputs[3].dims[1], x.dims.back(), "sizes of gate and hidden states"));
    TRY(same_dim(inputs[4].dims[1], x.dims.back(), "sizes of up and hidden states"));
    TRY(same_dim(inputs[3].dims[2], inputs[4].dims[2], "inner sizes of gate and up"));
    TRY(same_dim(inputs[5].dims[1], inputs[3].dims[2], "inner sizes of down and gate"));
    TRY(same_dim(inputs[5].dims[2], x.dims.back(), "sizes of down and hidden states"));
  }
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> MixtureOfExperts::evaluate(const Arrays& inputs) const {
  if (inputs.size() < 6) return invalid("a mixture of experts needs the weights of gate, up and down");
  TRY(infer(types_of(inputs)));
  const Array &x = inputs[0], &selected = inputs[1], &scores = inputs[2], &gate = inputs[3], &up = inputs[4], &down = inputs[5];
  const int64_t size = x.shape().back(), inner = gate.shape()[2], experts = gate.shape()[0], chosen = selected.shape().back();
  const auto bias = [&](size_t input, int64_t expert, int64_t i, int64_t count) {
    return inputs.size() > input && !is_absent(inputs, input) ? inputs[input].number(expert * count + i) : 0.0;
  };
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  std::vector<double> hidden(static_cast<size_t>(inner)), sum(static_cast<size_t>(size));
  for (int64_t token = 0; size > 0 && token < x.count() / size; ++token) {
    std::fill(sum.begin(), sum.end(), 0);
    for (int64_t k = 0; k < chosen; ++k) {
      const int64_t expert = selected.integer(token * chosen + k);
      if (expert < 0 || expert >= experts)
        return invalid("expert " + std::to_string(expert) + " is selected; there are " + std::to_string(experts));
      for (int64_t i = 0; i < inner; ++i) {
        double g = bias(6, expert, i, inner), u = bias(7, expert, i, inner);
        for (int64_t d = 0; d < size; ++d) {
          g += x.number(token * size + d) * gate.number((expert * size + d) * inner + i);
          u += x.number(token * size + d) * up.number((expert * size + d) * inner + i);
        }
        g = std::min(g, limit);
        u = std::clamp(u, -limit, limit);
        hidden[static_cast<size_t>(i)] = activation == ExpertActivation::kSilu ? g / (1 + std::exp(-alpha * g)) * (u + beta) : g * u;
      }
      for (int64_t d = 0; d < size; ++d) {
        double value = bias(8, expert, d, size);
        for (int64_t i = 0; i < inner; ++i) value += hidden[static_cast<size_t>(i)] * down.number((expert * inner + i) * size + d);
        sum[static_cast<size_t>(d)] += value * scores.number(token * chosen + k);
      }
    }
    for (int64_t d = 0; d < size; ++d) y.set_number(token * size + d, sum[static_cast<size_t>(d)]);
  }
  return Arrays{std::move(y)};
}

OPERATOR(MixtureOfExperts, mixture_of_experts)

using namespace testing;

EXAMPLE("each token adds what its experts say, by their scores") {
  const char* network =
      "input x [2, 1]\ninput e int32 [2, 1]\ninput s [2, 1]\ninput g [2, 1, 1]\ninput u [2, 1, 1]\ninput d [2, 1, 1]\n"
      "y = mixture_of_experts(x, e, s, g, u, d) activation=identity\noutput y\n";
  expect_values(network,
                {{{2, 1}, {1, 2}}, {{2, 1}, {1, 0}}, {{2, 1}, {0.5, 1}}, {{2, 1, 1}, {1, 2}}, {{2, 1, 1}, {3, 4}}, {{2, 1, 1}, {1, 10}}},
                {40, 12});
}

EXAMPLE("weights fit the hidden states") {
  expect_error(
      "input x [2, 3]\ninput e int32 [2, 1]\ninput s [2, 1]\ninput g [2, 1, 1]\ny = mixture_of_experts(x, e, s, g, g, g)\noutput y\n",
      "sizes of gate and hidden states");
}

}  // namespace ingot
