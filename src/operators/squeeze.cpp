#include "operators/squeeze.h"

#include "operators/dynamic_axes.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Squeeze::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const Dims& dims = inputs[0].dims;
  std::vector<bool> dropped(dims.size(), false);
  for (int64_t axis : axes) {
    TRY_ASSIGN(int64_t index, normalize_axis(axis, inputs[0].rank()));
    const Dim& dim = dims[static_cast<size_t>(index)];
    if (dim.is_constant() && !dim.is(1)) {
      return invalid("axis " + std::to_string(axis) + " of " + to_text(dims) + " is " + dim.text() + "; only dims of 1 can be left out");
    }
    if (dropped[static_cast<size_t>(index)]) return invalid("axis " + std::to_string(axis) + " is named twice");
    dropped[static_cast<size_t>(index)] = true;
  }
  if (axes.empty() && !all_constant(dims)) {
    return invalid("axes are not named, so which dims of " + to_text(dims) + " are 1 is not known; name the axes");
  }
  TensorType type = inputs[0];
  type.dims.clear();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (axes.empty() ? !dims[i].is(1) : !dropped[i]) type.dims.push_back(dims[i]);
  }
  return TensorTypes{type};
}

Result<Arrays> Squeeze::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes types, infer({{inputs[0].type(), to_dims(inputs[0].shape())}}));
  TRY_ASSIGN(Array y, inputs[0].reshaped(constant_shape(types[0].dims)));
  return Arrays{y};
}

Result<Tensor*> Squeeze::from_onnx(const OnnxNode& node, Network& network) {
  Squeeze op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (Tensor* given = node.input(1)) {
    if (!node.is_constant(1)) return squeeze_at_run_time(network, x, given, node.name());
    TRY_ASSIGN(Array axes, node.constant(1));
    op.axes = axes.integers();
  } else {
    TRY_ASSIGN(op.axes, node.integers("axes", {}));
  }
  if (op.axes.empty()) {
    // What is 1 now is meant: a symbolic dim that happens to be 1 later stays.
    for (size_t i = 0; i < x->type.dims.size(); ++i) {
      if (x->type.dims[i].is(1)) op.axes.push_back(static_cast<int64_t>(i));
    }
    if (op.axes.empty()) return x;
  }
  return network.add(op, {x}, node.name());
}

OPERATOR(Squeeze, squeeze, {"Squeeze", one_output<Squeeze::from_onnx>})

using namespace testing;

EXAMPLE("squeeze leaves out dims of 1") {
  expect_types("input x [1, n, 1]\ny = squeeze(x) axes=[0, -1]\noutput y\n", {"float [n]"});
  expect_values("input x [1, 2, 1]\ny = squeeze(x)\noutput y\n", {{{1, 2, 1}, {5, 6}}}, {5, 6});
}

EXAMPLE("a dim that is not 1 cannot be squeezed") {
  expect_error("input x [2, 3]\ny = squeeze(x) axes=[1]\noutput y\n", "axis 1 of [2, 3] is 3; only dims of 1 can be left out");
  expect_error("input x [1, n]\ny = squeeze(x)\noutput y\n", "axes are not named, so which dims of [1, n] are 1 is not known");
}

}  // namespace ingot
