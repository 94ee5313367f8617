#include "operators/shape.h"

#include <algorithm>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

namespace {

// The part [start, end) of `rank` dims, as ONNX Shape-15 clamps it.
std::pair<int64_t, int64_t> part_of(int64_t rank, int64_t start, int64_t end) {
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  start = std::clamp<int64_t>(start, 0, rank);
  return {start, std::max(start, std::clamp<int64_t>(end, 0, rank))};
}

}  // namespace

Result<TensorTypes> ShapeOf::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  auto [first, last] = part_of(inputs[0].rank(), start, end);
  TRY(check_index_type("the output of shape", to));
  TensorType type{to, {last - first}};
  type.values.emplace(inputs[0].dims.begin() + first, inputs[0].dims.begin() + last);
  return TensorTypes{type};
}

Result<Arrays> ShapeOf::evaluate(const Arrays& inputs) const {
  const Shape& shape = inputs[0].shape();
  auto [first, last] = part_of(inputs[0].rank(), start, end);
  return Arrays{Array::of(to, {last - first}, std::vector<int64_t>{shape.begin() + first, shape.begin() + last})};
}

Result<Tensor*> ShapeOf::from_onnx(const OnnxNode& node, Network& network) {
  ShapeOf op;
  TRY_ASSIGN(op.start, node.integer("start", 0));
  TRY_ASSIGN(op.end, node.integer("end", kToTheEnd));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(ShapeOf, shape, {"Shape", one_output<ShapeOf::from_onnx>})

using namespace testing;

EXAMPLE("a shape may be int32") {
  expect_values("input x [n, 3]\ny = shape(x) to=int32\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {2, 3});
  expect_error("input x [n, 3]\ny = shape(x) to=float\noutput y\n", "the output of shape");
}

EXAMPLE("the dims are known before the network runs") {
  expect_values("input x [2, n, 4]\ny = shape(x)\noutput y\n", {{{2, 1, 4}, {1, 2, 3, 4, 5, 6, 7, 8}}}, {2, 1, 4});
  expect_types("input x [2, n, 4]\ns = shape(x) start=1\ny = fill(s)\noutput y\n", {"float [n, 4]"});
}

EXAMPLE("start and end count from the end and are clamped") {
  expect_values("input x [2, 1]\ny = shape(x) start=-1 end=9\nz = shape(x) start=1 end=-1\noutput y\noutput z\n", {{{2, 1}, {1, 2}}}, {1});
}

}  // namespace ingot
