#include "operators/transpose.h"

#include <numeric>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<std::vector<int64_t>> Transpose::resolve(int64_t rank) const {
  std::vector<int64_t> axes = permutation;
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.rbegin(), axes.rend(), 0);
  }
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  bool valid = static_cast<int64_t>(axes.size()) == rank;
  for (int64_t axis : axes) {
    valid = valid && axis >= 0 && axis < rank && !seen[static_cast<size_t>(axis)];
    if (!valid) break;
    seen[static_cast<size_t>(axis)] = true;
  }
  if (!valid) return invalid(to_text(Shape(axes)) + " is no permutation of the " + std::to_string(rank) + " axes of the input");
  return axes;
}

Result<TensorTypes> Transpose::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  TRY_ASSIGN(std::vector<int64_t> axes, resolve(inputs[0].rank()));
  TensorType type{inputs[0].type, {}};
  for (int64_t axis : axes) type.dims.push_back(inputs[0].dims[static_cast<size_t>(axis)]);
  carry_all_values(*this, inputs, &type);
  return TensorTypes{type};
}

Result<Arrays> Transpose::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(std::vector<int64_t> axes, resolve(inputs[0].rank()));
  Shape shape, strides, from = row_major_strides(inputs[0].shape());
  for (int64_t axis : axes) {
    shape.push_back(inputs[0].shape()[static_cast<size_t>(axis)]);
    strides.push_back(from[static_cast<size_t>(axis)]);
  }
  TRY_ASSIGN(Array y, copy_strided(inputs[0], shape, 0, strides));
  return Arrays{y};
}

Result<Tensor*> Transpose::from_onnx(const OnnxNode& node, Network& network) {
  Transpose op;
  TRY_ASSIGN(op.permutation, node.integers("perm", {}));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(Transpose, transpose, {"Transpose", one_output<Transpose::from_onnx>})

using namespace testing;

EXAMPLE("transpose moves the axes") {
  expect_values("input x [2, 3]\ny = transpose(x)\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {1, 4, 2, 5, 3, 6});
  expect_values("input x [1, 2, 3]\ny = transpose(x) permutation=[2, 0, 1]\noutput y\n", {{{1, 2, 3}, {1, 2, 3, 4, 5, 6}}},
                {1, 4, 2, 5, 3, 6});
  expect_types("input x half [a, b, c]\ny = transpose(x) permutation=[1, 2, 0]\noutput y\n", {"half [b, c, a]"});
}

EXAMPLE("elements of four bits move, too") {
  expect_values("input x int4 [2, 3]\ny = transpose(x)\noutput y\n", {{{2, 3}, {1, 2, 3, -4, 5, -6}}}, {1, -4, 2, 5, 3, -6});
}

EXAMPLE("a list that is no permutation is refused") {
  expect_error("input x [2, 3]\ny = transpose(x) permutation=[0, 0]\noutput y\n", "[0, 0] is no permutation of the 2 axes");
  expect_error("input x [2, 3]\ny = transpose(x) permutation=[0]\noutput y\n", "[0] is no permutation of the 2 axes");
}

}  // namespace ingot
