#include "operators/ragged_softmax.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> RaggedSoftmax::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &bounds = inputs[1];
  if (!is_floating(x.type) || x.rank() < 1) return invalid("ragged_softmax takes rows of floating-point numbers, not " + x.text());
  TRY(check_index_type("the bounds", bounds.type));
  if (bounds.rank() != x.rank() || !bounds.dims.back().is(1))
    return invalid("the bounds are " + bounds.text() + "; for " + x.text() + " they have its dims and a last one of 1");
  for (size_t i = 0; i + 1 < x.dims.size(); ++i) TRY(same_dim(x.dims[i], bounds.dims[i], "rows and bounds"));
  return TensorTypes{{x.type, x.dims}};
}

Result<Arrays> RaggedSoftmax::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &bounds = inputs[1];
  const int64_t length = x.shape().back();
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  for (int64_t row = 0; row * length < x.count(); ++row) {
    const int64_t count = std::clamp<int64_t>(bounds.integer(row), 0, length);
    double most = -__builtin_inf(), sum = 0;
    for (int64_t i = 0; i < count; ++i) most = std::max(most, x.number(row * length + i));
    for (int64_t i = 0; i < count; ++i) sum += std::exp(x.number(row * length + i) - most);
    for (int64_t i = 0; i < count; ++i) y.set_number(row * length + i, std::exp(x.number(row * length + i) - most) / sum);
  }
  return Arrays{std::move(y)};
}

OPERATOR(RaggedSoftmax, ragged_softmax)

using namespace testing;

EXAMPLE("values behind a row's bound are left out and become 0") {
  expect_values("input x [2, 3]\ninput b int32 [2, 1]\ny = ragged_softmax(x, b)\noutput y\n",
                {{{2, 3}, {1, 1, 9, 2, 2, 2}}, {{2, 1}, {2, 0}}}, {0.5, 0.5, 0, 0, 0, 0});
}

EXAMPLE("there is one bound a row") {
  expect_error("input x [2, 3]\ninput b int32 [2]\ny = ragged_softmax(x, b)\noutput y\n", "a last one of 1");
}

}  // namespace ingot
