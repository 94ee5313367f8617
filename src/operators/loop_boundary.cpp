#include "operators/loop_boundary.h"

#include "operators/moving.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> LoopBoundary::infer(const TensorTypes& inputs) const {
  const bool joins = role == LoopRole::kConcatenate || role == LoopRole::kReverse;
  TRY(check_input_count(kName, inputs.size(), 1, joins ? 2 : 1));
  TensorType x = inputs[0];
  x.values.reset();
  switch (role) {
    case LoopRole::kRecurrence:
    case LoopRole::kLast: return TensorTypes{std::move(x)};
    case LoopRole::kCount:
      TRY(check_index_type("the number of iterations", x.type));
      if (!volume(x.dims).is(1)) return invalid("the number of iterations is " + x.text() + "; a scalar is wanted");
      return TensorTypes{};
    case LoopRole::kWhile:
      if (x.type != DataType::kBool || !volume(x.dims).is(1))
        return invalid("the condition of a loop is " + x.text() + "; one bool is wanted");
      return TensorTypes{};
    case LoopRole::kIterator: {
      TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank()));
      x.dims.erase(x.dims.begin() + along);
      return TensorTypes{std::move(x)};
    }
    default: break;
  }
  TRY_ASSIGN(int64_t along, normalize_axis(axis, x.rank() + 1));
  Dim length;
  if (inputs.size() > 1 && inputs[1].values && inputs[1].values->size() == 1) {
    length = (*inputs[1].values)[0];
  } else {
    TRY_ASSIGN(length, runtime_dim(kName, symbol, 0));
  }
  x.dims.insert(x.dims.begin() + along, length);
  return TensorTypes{std::move(x)};
}

OPERATOR(LoopBoundary, loop_boundary)

using namespace testing;

EXAMPLE("an iterator gives slices, and a joined output has a dimension more") {
  expect_types(
      "input x [5, n]\ny = loop_boundary(x) role=iterator\nz = loop_boundary(y) role=concatenate axis=1 symbol=run_t\noutput y\noutput z\n",
      {"float [n]", "float [n, run_t]"});
}

EXAMPLE("a count is one integer") { expect_error("input x int32 [2]\ny = loop_boundary(x) role=count\noutput x\n", "a scalar is wanted"); }

}  // namespace ingot
