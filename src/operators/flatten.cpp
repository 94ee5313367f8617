#include "operators/flatten.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Flatten::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const Dims& dims = inputs[0].dims;
  int64_t rank = inputs[0].rank(), split = axis < 0 ? axis + rank : axis;
  if (split < 0 || split > rank) {
    return invalid("axis " + std::to_string(axis) + " lies outside of " + to_text(dims) + "; it is from " + std::to_string(-rank) + " to " +
                   std::to_string(rank));
  }
  TensorType type = inputs[0];
  type.dims = {volume(Dims(dims.begin(), dims.begin() + split)), volume(Dims(dims.begin() + split, dims.end()))};
  return TensorTypes{type};
}

Result<Arrays> Flatten::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes types, infer({{inputs[0].type(), to_dims(inputs[0].shape())}}));
  TRY_ASSIGN(Array y, inputs[0].reshaped(constant_shape(types[0].dims)));
  return Arrays{y};
}

Result<Tensor*> Flatten::from_onnx(const OnnxNode& node, Network& network) {
  Flatten op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(Flatten, flatten, {"Flatten", one_output<Flatten::from_onnx>})

using namespace testing;

EXAMPLE("flatten makes two dims") {
  expect_types("input x [n, 3, 4]\ny = flatten(x)\nz = flatten(x) axis=0\nw = flatten(x) axis=-1\noutput y\noutput z\noutput w\n",
               {"float [n, 12]", "float [1, 12*n]", "float [3*n, 4]"});
  expect_values("input x [2, 1, 2]\ny = flatten(x) axis=3\noutput y\n", {{{2, 1, 2}, {1, 2, 3, 4}}}, {1, 2, 3, 4});
}

EXAMPLE("an axis outside is refused") {
  expect_error("input x [2, 3]\ny = flatten(x) axis=3\noutput y\n", "axis 3 lies outside of [2, 3]; it is from -2 to 2");
}

}  // namespace ingot
