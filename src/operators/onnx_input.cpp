#include "operators/onnx_input.h"

#include <fmt/format.h>

namespace ingot {

Result<Tensor*> required_input(const OnnxNode& node, size_t index) {
  if (Tensor* tensor = index < node.input_count() ? node.input(index) : nullptr) return tensor;
  return invalid(fmt::format("{} needs input {}, which is left out", node.op_type(), index));
}

Result<std::vector<Tensor*>> required_inputs(const OnnxNode& node, int64_t count) {
  std::vector<Tensor*> inputs;
  const size_t wanted = count < 0 ? node.input_count() : static_cast<size_t>(count);
  for (size_t i = 0; i < wanted; ++i) {
    TRY_ASSIGN(Tensor * input, required_input(node, i));
    inputs.push_back(input);
  }
  return inputs;
}

Result<Array> constant_input(const OnnxNode& node, size_t index, std::string_view what) {
  TRY_ASSIGN(Tensor * tensor, required_input(node, index));
  if (!node.is_constant(index)) {
    return unsupported(fmt::format("{} of {} ('{}') must be constant", what, node.op_type(), tensor->name));
  }
  return node.constant(index);
}

Tensor* add_scalar(Network& network, const Tensor* like, double value) {
  return network.add_constant("", Array::scalar(like->type.type, value));
}

}  // namespace ingot
