#include "operators/size.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> SizeOf::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  TensorType type{DataType::kInt64, {}};
  type.values.emplace({volume(inputs[0].dims)});
  return TensorTypes{type};
}

Result<Arrays> SizeOf::evaluate(const Arrays& inputs) const {
  return Arrays{Array::scalar(DataType::kInt64, static_cast<double>(inputs[0].count()))};
}

Result<Tensor*> SizeOf::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(SizeOf{}, {x}, node.name());
}

OPERATOR(SizeOf, size, {"Size", one_output<SizeOf::from_onnx>})

using namespace testing;

EXAMPLE("the size is the product of the dims") {
  expect_values("input x [2, n]\ny = size(x)\noutput y\n", {{{2, 3}, {1, 2, 3, 4, 5, 6}}}, {6});
}

EXAMPLE("the size of a symbolic tensor is symbolic") {
  expect_types("input x [2, n]\ns = size(x)\ns1 = unsqueeze(s) axes=[0]\ny = reshape(x, s1)\noutput y\n", {"float [2*n]"});
}

}  // namespace ingot
