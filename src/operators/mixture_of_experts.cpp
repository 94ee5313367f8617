#include "operators/mixture_of_experts.h"

#include <algorithm>
#include <cmath>

#include "operators/dequantize.h"
#include "operators/dynamic_quantize.h"
#include "operators/epilogue.h"
#include "operators/moving.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> MixtureOfExperts::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 10));
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
  const auto is_there = [&](size_t index) { return !is_absent(inputs, index); };
  if (is_there(3) || is_there(4) || is_there(5)) {
    if (!is_there(3) || !is_there(4) || !is_there(5)) return invalid("the weights of experts are three tensors: gate, up and down");
    for (size_t i = 3; i < 6; ++i) {
      if (inputs[i].rank() != 3) return invalid("the weights of experts are [experts, in, out], not " + inputs[i].text());
    }
    TRY(same_dim(inputs[3].dims[1], x.dims.back(), "sizes of gate and hidden states"));
    TRY(same_dim(inputs[4].dims[1], x.dims.back(), "sizes of up and hidden states"));
    TRY(same_dim(inputs[3].dims[2], inputs[4].dims[2], "inner sizes of gate and up"));
    TRY(same_dim(inputs[5].dims[1], inputs[3].dims[2], "inner sizes of down and gate"));
    TRY(same_dim(inputs[5].dims[2], x.dims.back(), "sizes of down and hidden states"));
  }
  if (quantize_to != DataType::kFloat) {
    if (quantize_to != DataType::kFp8 && quantize_to != DataType::kInt8 && quantize_to != DataType::kFp4 && quantize_to != DataType::kInt4)
      return invalid("activations of experts are quantized to fp8, int8, fp4 or int4, not " + std::string(name_of(quantize_to)));
    if (block < -1) return invalid("a block has at least one number, or -1 for all; it is " + std::to_string(block));
    if (block != 0 && !is_floating(scale_type))
      return invalid("scales are floating-point numbers, not " + std::string(name_of(scale_type)));
    if (inputs.size() <= kScale) {
      if (block == 0 && is_there(5)) return invalid("the scale of the activations is missing");
    } else if (!is_floating(inputs[kScale].type) || !volume(inputs[kScale].dims).is(1)) {
      return invalid("the scale of the activations is " + inputs[kScale].text() + "; one floating-point number is wanted");
    }
  }
  return TensorTypes{{x.type, x.dims}};
}

namespace {

// `hidden` as it reads after quantization: layers that the core has anyway.
Status snap(const MixtureOfExperts& op, const Arrays& inputs, std::vector<double>* hidden) {
  if (op.block == 0 && is_absent(inputs, MixtureOfExperts::kScale)) return invalid("the scale of the activations is missing");
  const Array x = Array::of(DataType::kFloat, {1, static_cast<int64_t>(hidden->size())}, *hidden);
  Arrays codes;
  Array scale = is_absent(inputs, MixtureOfExperts::kScale) ? Array::scalar(DataType::kFloat, 1) : inputs[MixtureOfExperts::kScale];
  scale = Array::scalar(DataType::kFloat, scale.number(0));
  Dequantize dequantize;
  if (op.block == 0) {
    Quantize quantize;
    quantize.to = op.quantize_to;
    TRY_ASSIGN(codes, quantize.evaluate({x, scale}));
  } else {
    DynamicQuantize quantize;
    quantize.to = op.quantize_to;
    quantize.block = {1, op.block};
    quantize.scale_type = op.scale_type;
    TRY_ASSIGN(codes, quantize.evaluate({x, scale}));
    const double second = scale.number(0);
    TRY_ASSIGN(scale, Array::make(DataType::kFloat, codes[1].shape()));
    for (int64_t i = 0; i < scale.count(); ++i) scale.set_number(i, codes[1].number(i) * second);
    dequantize.axis = 1;
    dequantize.block_size = op.block < 0 ? std::max<int64_t>(x.count(), 1) : op.block;
  }
  TRY_ASSIGN(const Arrays read, dequantize.evaluate({codes[0], scale}));
  for (size_t i = 0; i < hidden->size(); ++i) (*hidden)[i] = read[0].number(static_cast<int64_t>(i));
  return Ok{};
}

}  // namespace

Result<Arrays> MixtureOfExperts::evaluate(const Arrays& inputs) const {
  for (size_t i = 3; i < 6; ++i) {
    if (is_absent(inputs, i)) return invalid("a mixture of experts needs the weights of gate, up and down");
  }
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
      if (quantize_to != DataType::kFloat) TRY(snap(*this, inputs, &hidden));
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

EXAMPLE("what the last product reads may be quantized, by a scale that is given or by those of blocks") {
  const std::string head =
      "input x [1, 1]\ninput e int32 [1, 1]\ninput s [1, 1]\ninput g [1, 1, 4]\ninput u [1, 1, 4]\ninput d [1, 4, 1]\ninput q [1]\n"
      "y = mixture_of_experts(x, e, s, g, u, d, _, _, _, q) activation=identity ";
  const auto inputs = [](std::vector<double> gate, double scale) {
    return std::vector<Values>{{{1, 1}, {1}},
                               {{1, 1}, {0}},
                               {{1, 1}, {1}},
                               {{1, 1, 4}, std::move(gate)},
                               {{1, 1, 4}, {1, 1, 1, 1}},
                               {{1, 4, 1}, {1, 10, 100, 1000}},
                               {{1}, {scale}}};
  };
  // 1.2 / 0.5 rounds to 2, -0.7 / 0.5 to -1; 100 / 0.5 ends at 127.
  expect_values(head + "quantize_to=int8\noutput y\n", inputs({1.2, -0.7, 100, 0}, 0.5), {1 - 5 + 6350});
  // fp8 knows 16 and 18, and not 17.
  expect_values(head + "quantize_to=fp8\noutput y\n", inputs({8.5, 0, 0, -1}, 0.5), {8 - 1000});
  // Blocks of two: 12 / 6 = 2 is the scale of one, 3 / 6 = 0.5 of the other; 5 / 2 = 2.5 lies between 2 and 3 and goes to the even code.
  expect_values(head + "quantize_to=fp4 block=2 scale_type=fp8\noutput y\n", inputs({12, 5, 3, 1.1}, 0.5), {12 + 40 + 300 + 1000});
  expect_values(head + "quantize_to=fp8 block=-1 scale_type=e8m0\noutput y\n", inputs({448, 17, 1, 0}, 1), {448 + 160 + 100});
}

EXAMPLE("quantization needs a scale") {
  expect_error(
      "input x [2, 1]\ninput e int32 [2, 1]\ninput w [2, 1, 1]\n"
      "y = mixture_of_experts(x, e, x, w, w, w) quantize_to=fp8\noutput y\n",
      "the scale of the activations is missing");
}

EXAMPLE("weights fit the hidden states") {
  expect_error(
      "input x [2, 3]\ninput e int32 [2, 1]\ninput s [2, 1]\ninput g [2, 1, 1]\ny = mixture_of_experts(x, e, s, g, g, g)\noutput y\n",
      "sizes of gate and hidden states");
}

}  // namespace ingot
