#include "operators/fully_connected.h"

#include "operators/epilogue.h"
#include "operators/matmul.h"
#include "operators/moving.h"
#include "operators/register.h"
#include "operators/reshape.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> FullyConnected::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 3));
  const TensorType &x = inputs[0], &w = inputs[1];
  if (x.rank() < 3) return invalid("fully_connected takes [..., C, H, W], not " + x.text());
  if (w.rank() != 2 || !all_constant(w.dims)) return invalid("the weights are " + w.text() + "; [outputs, inputs] is wanted");
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (!is_absent(inputs, i) && inputs[i].type != x.type)
      return invalid("input, weights and bias are of one type, not " + std::string(name_of(x.type)) + " and " +
                     std::string(name_of(inputs[i].type)));
  }
  const Dim length = volume(Dims(x.dims.end() - 3, x.dims.end()));
  if (!length.is_constant() || !w.dims[1].is(length.value()))
    return invalid("the weights take " + w.dims[1].text() + " values, but the last three dimensions of " + x.text() + " hold " +
                   length.text());
  if (inputs.size() > 2 && !is_absent(inputs, 2) && !(inputs[2].rank() == 1 && inputs[2].dims[0] == w.dims[0]))
    return invalid("the bias is " + inputs[2].text() + "; [" + w.dims[0].text() + "] is wanted");
  TensorType y{x.type, Dims(x.dims.begin(), x.dims.end() - 3)};
  y.dims.insert(y.dims.end(), {w.dims[0], Dim(1), Dim(1)});
  return TensorTypes{std::move(y)};
}

Result<std::vector<Tensor*>> FullyConnected::decompose(Network& network, const std::vector<Tensor*>& inputs) const {
  const int64_t batches = inputs[0]->type.rank() - 3;
  const Dims& w = inputs[1]->type.dims;
  Dims flat, back;
  for (int64_t d = 0; d < batches; ++d) {
    flat.push_back(input_dim(d));
    back.push_back(input_dim(d));
  }
  if (batches == 0) flat.emplace_back(1);
  flat.push_back(w[1]);
  back.insert(back.end(), {w[0], Dim(1), Dim(1)});
  TRY_ASSIGN(Tensor * x, network.add(Reshape(flat), {inputs[0]}));
  std::vector<Tensor*> operands{x, inputs[1]};
  if (inputs.size() > 2 && inputs[2]) operands.push_back(inputs[2]);
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), operands));
  TRY_ASSIGN(y, network.add(Reshape(back), {y}));
  return std::vector<Tensor*>{y};
}

OPERATOR(FullyConnected, fully_connected)

using namespace testing;

EXAMPLE("each output is a weighted sum of a whole image") {
  expect_values("input x [n, 2, 1, 1]\ninput w [1, 2]\ninput b [1]\ny = fully_connected(x, w, b)\noutput y\n",
                {{{2, 2, 1, 1}, {1, 2, 3, 4}}, {{1, 2}, {10, 1}}, {{1}, {0.5}}}, {12.5, 34.5});
  expect_types("input x [n, 2, 1, 1]\ninput w [5, 2]\ny = fully_connected(x, w)\noutput y\n", {"float [n, 5, 1, 1]"});
}

EXAMPLE("weights fit the image") {
  expect_error("input x [n, 2, 3, 1]\ninput w [5, 2]\ny = fully_connected(x, w)\noutput y\n", "the weights take 2 values");
  expect_error("input x [n, 2, 1, 1]\ninput w half [5, 2]\ny = fully_connected(x, w)\noutput y\n", "of one type, not float and half");
}

}  // namespace ingot
