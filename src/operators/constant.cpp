#include "operators/constant.h"

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Constant::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  return inputs;
}

Result<Arrays> Constant::evaluate(const Arrays& inputs) const { return inputs; }

Result<Tensor*> Constant::from_onnx(const OnnxNode& node, Network& network) {
  Array value;
  if (node.has("value")) {
    TRY_ASSIGN(value, node.tensor("value"));
  } else if (node.has("value_float")) {
    TRY_ASSIGN(double number, node.number("value_float", 0));
    value = Array::scalar(DataType::kFloat, number);
  } else if (node.has("value_floats")) {
    TRY_ASSIGN(std::vector<double> numbers, node.numbers("value_floats", {}));
    value = Array::of(DataType::kFloat, {static_cast<int64_t>(numbers.size())}, numbers);
  } else if (node.has("value_int")) {
    TRY_ASSIGN(int64_t number, node.integer("value_int", 0));
    TRY_ASSIGN(value, Array::from_int64s({number}).reshaped({}));
  } else if (node.has("value_ints")) {
    TRY_ASSIGN(std::vector<int64_t> numbers, node.integers("value_ints", {}));
    value = Array::from_int64s(numbers);
  } else {
    return unsupported("the constant is given neither by value, value_float(s) nor value_int(s); strings and sparse tensors are not read");
  }
  return network.add_constant(node.name(), value);
}

OPERATOR(Constant, constant, {"Constant", one_output<Constant::from_onnx>})

using namespace testing;

EXAMPLE("a constant layer hands its weights on") { expect_values("weights w [2] = 1.5 2.5\ny = constant(w)\noutput y\n", {}, {1.5, 2.5}); }

}  // namespace ingot
