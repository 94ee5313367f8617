#include "operators/onehot.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> OneHot::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &indices = inputs[0], &depth = inputs[1], &values = inputs[2];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, indices.rank() + 1));
  if (values.rank() != 1 || (values.dims[0].is_constant() && !values.dims[0].is(2)))
    return invalid("values are " + values.text() + "; two, [off, on], are wanted");
  Dim length;
  if (depth.values && depth.values->size() == 1) {
    length = (*depth.values)[0];
    if (length.is_constant() && length.value() < 0) return invalid("the depth is " + length.text());
  } else {
    TRY_ASSIGN(length, runtime_dim(kName, symbol, 0));
  }
  TensorType type{values.type, indices.dims};
  type.dims.insert(type.dims.begin() + along, length);
  return TensorTypes{type};
}

Result<Arrays> OneHot::evaluate(const Arrays& inputs) const {
  const Array &indices = inputs[0], &values = inputs[2];
  TRY_ASSIGN(int64_t along, normalize_axis(axis, indices.rank() + 1));
  if (inputs[1].count() != 1 || values.count() != 2) return invalid("one depth and two values are wanted");
  const int64_t length = is_floating(inputs[1].type()) ? static_cast<int64_t>(inputs[1].number(0)) : inputs[1].integer(0);
  Shape shape = indices.shape();
  shape.insert(shape.begin() + along, length);
  int64_t inner = 1;
  for (int64_t i = along; i < indices.rank(); ++i) inner *= indices.shape()[static_cast<size_t>(i)];
  TRY(volume(shape));
  // All off first: the one value, stretched over the shape.
  TRY_ASSIGN(Array y, copy_strided(values, shape, 0, Shape(shape.size(), 0)));
  for (int64_t position = 0; position < indices.count(); ++position) {
    // Indices that are floats count as the integers below them.
    int64_t index = is_floating(indices.type()) ? static_cast<int64_t>(indices.number(position)) : indices.integer(position);
    if (index < -length || index >= length) continue;
    if (index < 0) index += length;
    const int64_t to = (position / inner * length + index) * inner + position % inner;
    if (is_floating(values.type()))
      y.set_number(to, values.number(1));
    else
      y.set_integer(to, values.integer(1));
  }
  return Arrays{y};
}

Result<Tensor*> OneHot::from_onnx(const OnnxNode& node, Network& network) {
  OneHot op;
  TRY_ASSIGN(op.axis, node.integer("axis", -1));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  Tensor*& depth = inputs[1];
  if (is_floating(depth->type.type) && node.is_constant(1)) {
    TRY_ASSIGN(Array number, node.constant(1));
    TRY_ASSIGN(Array integer, number.converted(DataType::kInt64));
    depth = network.add_constant(node.name() + ".depth", integer);
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(OneHot, onehot, {"OneHot", one_output<OneHot::from_onnx>})

using namespace testing;

EXAMPLE("onehot turns indices into rows") {
  expect_values("input i int64 [2]\nweights d int64 [1] = 3\nweights v [2] = 0 5\ny = onehot(i, d, v)\noutput y\n", {{{2}, {1, -1}}},
                {0, 5, 0, 0, 0, 5});
  expect_values("input i int64 [2]\nweights d int64 [] = 2\nweights v int32 [2] = 3 4\ny = onehot(i, d, v) axis=0\noutput y\n",
                {{{2}, {0, 7}}}, {4, 3, 3, 3});
}

EXAMPLE("values are off and on") {
  expect_error("input i int64 [2]\nweights d int64 [] = 2\nweights v [3] = 1 2 3\ny = onehot(i, d, v)\noutput y\n",
               "two, [off, on], are wanted");
}

}  // namespace ingot
