#include "operators/conditional_boundary.h"

#include "operators/moving.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> ConditionalBoundary::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), role == ConditionalRole::kOutput ? 2 : 1, role == ConditionalRole::kOutput ? 2 : 1));
  TensorType x = inputs[0];
  x.values.reset();
  if (role == ConditionalRole::kInput) return TensorTypes{std::move(x)};
  if (role == ConditionalRole::kCondition) {
    if (x.type != DataType::kBool || !volume(x.dims).is(1)) return invalid("the condition is " + x.text() + "; one bool is wanted");
    return TensorTypes{};
  }
  const TensorType& other = inputs[1];
  if (x.type != other.type || x.rank() != other.rank())
    return invalid("the branches give " + x.text() + " and " + other.text() + "; types and ranks must agree");
  int64_t symbols = 0;
  for (size_t d = 0; d < x.dims.size(); ++d) {
    if (x.dims[d] == other.dims[d]) continue;
    TRY_ASSIGN(x.dims[d], runtime_dim(kName, symbol, symbols++));
  }
  return TensorTypes{std::move(x)};
}

OPERATOR(ConditionalBoundary, conditional_boundary)

using namespace testing;

EXAMPLE("branches agree in type and rank") {
  expect_types("input x [2, 3]\ninput y [4, 3]\nz = conditional_boundary(x, y) role=output symbol=run_c\noutput z\n", {"float [run_c, 3]"});
  expect_error("input x [2, 3]\ninput y int32 [2, 3]\nz = conditional_boundary(x, y) role=output\noutput z\n",
               "types and ranks must agree");
}

}  // namespace ingot
