#include "operators/eye_like.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> EyeLike::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  if (inputs[0].rank() != 2) return invalid("the input is " + inputs[0].text() + "; a matrix is wanted");
  return TensorTypes{{to, inputs[0].dims}};
}

Result<Arrays> EyeLike::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(Array y, Array::make(to, inputs[0].shape()));
  const int64_t rows = y.shape()[0], columns = y.shape()[1];
  for (int64_t i = 0; i < rows; ++i) {
    if (k >= -i && k < columns - i) y.set_number(i * columns + i + k, 1);
  }
  return Arrays{y};
}

Result<Tensor*> EyeLike::from_onnx(const OnnxNode& node, Network& network) {
  EyeLike op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  op.to = x->type.type;
  TRY_ASSIGN(op.k, node.integer("k", 0));
  if (node.has("dtype")) {
    TRY_ASSIGN(int64_t number, node.integer("dtype", 0));
    TRY_ASSIGN(op.to, data_type_from_onnx(number));
  }
  return network.add(op, {x}, node.name());
}

OPERATOR(EyeLike, eye_like, {"EyeLike", one_output<EyeLike::from_onnx>})

using namespace testing;

EXAMPLE("eye_like has ones on a diagonal") {
  const std::vector<Values> x = {{{2, 3}, {0, 0, 0, 0, 0, 0}}};
  expect_values("input x [2, 3]\ny = eye_like(x) to=int32\nz = eye_like(x) k=-1\noutput y\noutput z\n", x,
                {{1, 0, 0, 0, 1, 0}, {0, 0, 0, 1, 0, 0}});
  expect_error("input x [3]\ny = eye_like(x)\noutput y\n", "a matrix is wanted");
}

}  // namespace ingot
