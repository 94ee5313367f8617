#include "operators/size.h"

#include "operators/moving.h"
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

Result<Tensor*> SizeOf::from_onnx(const OnnxNode& node, Network& network) { return network.add(SizeOf{}, {node.input(0)}, node.name()); }

OPERATOR(SizeOf, size, {"Size", one_output<SizeOf::from_onnx>})

}  // namespace ingot
