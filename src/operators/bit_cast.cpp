#include "operators/bit_cast.h"

#include <cstring>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> BitCast::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  if (bits_of(inputs[0].type) != bits_of(to)) {
    return invalid("elements of " + std::string(name_of(inputs[0].type)) + " and " + std::string(name_of(to)) + " differ in size");
  }
  return TensorTypes{{to, inputs[0].dims}};
}

Result<Arrays> BitCast::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(Array y, Array::make(to, inputs[0].shape()));
  if (y.count() > 0) std::memcpy(y.mutable_data(), inputs[0].data(), y.byte_count());
  return Arrays{y};
}

Result<Tensor*> BitCast::from_onnx(const OnnxNode& node, Network& network) {
  BitCast op;
  TRY_ASSIGN(int64_t number, node.integer("to", 0));
  TRY_ASSIGN(op.to, data_type_from_onnx(number));
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  return network.add(op, {x}, node.name());
}

OPERATOR(BitCast, bit_cast, {"BitCast", one_output<BitCast::from_onnx>})

using namespace testing;

EXAMPLE("a bit cast keeps the bits") {
  expect_values("input x int32 [2]\ny = bit_cast(x) to=float\noutput y\n", {{{2}, {1065353216, -1073741824}}}, {1, -2});
  expect_error("input x int16 [2]\ny = bit_cast(x) to=float\noutput y\n", "elements of int16 and float differ in size");
}

}  // namespace ingot
