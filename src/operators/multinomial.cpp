#include "operators/multinomial.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/random.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Multinomial::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  if (inputs[0].rank() != 2) return invalid("the input is " + inputs[0].text() + "; [batches, classes] is wanted");
  if (count < 0) return invalid("the count is " + std::to_string(count));
  return TensorTypes{{to, {inputs[0].dims[0], count}}};
}

Result<Arrays> Multinomial::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const int64_t classes = x.shape()[1];
  TRY_ASSIGN(Array y, Array::make(to, {x.shape()[0], count}));
  if (y.count() > 0 && classes == 0) return invalid("there are no classes to draw from");
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t row = i / count * classes;
    double largest = -__builtin_inf(), sum = 0;
    for (int64_t k = 0; k < classes; ++k) largest = std::max(largest, x.number(row + k));
    for (int64_t k = 0; k < classes; ++k) sum += std::exp(x.number(row + k) - largest);
    // The class in whose part of the total the random number falls.
    double left = random_uniform(seed, i) * sum;
    int64_t chosen = 0;
    while (chosen + 1 < classes && (left -= std::exp(x.number(row + chosen) - largest)) >= 0) ++chosen;
    y.set_integer(i, chosen);
  }
  return Arrays{y};
}

Result<Tensor*> Multinomial::from_onnx(const OnnxNode& node, Network& network) {
  Multinomial op;
  TRY_ASSIGN(op.count, node.integer("sample_size", 1));
  TRY_ASSIGN(op.seed, seed_of(node));
  if (node.has("dtype")) {
    TRY_ASSIGN(int64_t number, node.integer("dtype", 0));
    TRY_ASSIGN(op.to, data_type_from_onnx(number));
  }
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(Multinomial, multinomial, {"Multinomial", one_output<Multinomial::from_onnx>})

using namespace testing;

EXAMPLE("classes are drawn by their probabilities") {
  Multinomial op;
  op.count = 10000;
  // Probabilities 1/4, 0, 3/4.
  auto y = op.evaluate({Array::of(DataType::kFloat, {1, 3}, std::vector<double>{0, -__builtin_inf(), std::log(3.0)})});
  expect_true(y.ok(), "it evaluates");
  int64_t counts[3] = {};
  for (int64_t chosen : (*y)[0].integers()) ++counts[chosen];
  expect_true(counts[1] == 0 && std::abs(counts[0] - 2500) < 200, "a quarter, nothing, three quarters");
}

}  // namespace ingot
