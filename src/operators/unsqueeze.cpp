#include "operators/unsqueeze.h"

#include "operators/dynamic_axes.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Unsqueeze::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  int64_t rank = inputs[0].rank() + static_cast<int64_t>(axes.size());
  std::vector<bool> added(static_cast<size_t>(rank), false);
  for (int64_t axis : axes) {
    TRY_ASSIGN(int64_t index, normalize_axis(axis, rank));
    if (added[static_cast<size_t>(index)]) return invalid("axis " + std::to_string(axis) + " is named twice");
    added[static_cast<size_t>(index)] = true;
  }
  TensorType type = inputs[0];
  type.dims.clear();
  for (size_t i = 0, from = 0; i < added.size(); ++i) type.dims.push_back(added[i] ? Dim(1) : inputs[0].dims[from++]);
  return TensorTypes{type};
}

Result<Arrays> Unsqueeze::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes types, infer({{inputs[0].type(), to_dims(inputs[0].shape())}}));
  TRY_ASSIGN(Array y, inputs[0].reshaped(constant_shape(types[0].dims)));
  return Arrays{y};
}

Result<Tensor*> Unsqueeze::from_onnx(const OnnxNode& node, Network& network) {
  Unsqueeze op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (Tensor* given = node.input(1)) {
    if (!node.is_constant(1)) return unsqueeze_at_run_time(network, x, given, node.name());
    TRY_ASSIGN(Array axes, node.constant(1));
    op.axes = axes.integers();
  } else {
    TRY_ASSIGN(op.axes, node.integers("axes", {}));
  }
  return network.add(op, {x}, node.name());
}

OPERATOR(Unsqueeze, unsqueeze, {"Unsqueeze", one_output<Unsqueeze::from_onnx>})

using namespace testing;

EXAMPLE("unsqueeze puts in dims of 1 at places of the output") {
  expect_types("input x [n, 3]\ny = unsqueeze(x) axes=[0, -1]\noutput y\n", {"float [1, n, 3, 1]"});
  expect_values("input x [2]\ny = unsqueeze(x) axes=[1]\noutput y\n", {{{2}, {5, 6}}}, {5, 6});
}

EXAMPLE("an axis named twice is refused") {
  expect_error("input x [3]\ny = unsqueeze(x) axes=[0, -3]\noutput y\n", "axis -3 is named twice");
}

}  // namespace ingot
