#include "operators/fill.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Fill::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 0, 1));
  if (value.data() && value.count() != 1) return invalid("the value is " + to_text(value.shape()) + "; one element is wanted");
  TensorType type{value.type(), {}};
  if (inputs.empty()) {
    TRY_ASSIGN(type.dims, dims.resolve({}));
  } else {
    TRY(check_index_type("dims", inputs[0].type));
    if (inputs[0].rank() != 1 || !inputs[0].dims[0].is_constant())
      return invalid("dims " + inputs[0].text() + ": an integer tensor [rank] of a known length is wanted");
    if (inputs[0].values) type.dims = *inputs[0].values;
    for (int64_t i = 0; i < inputs[0].dims[0].value() && !inputs[0].values; ++i) {
      TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, i));
      type.dims.push_back(dim);
    }
  }
  for (const Dim& dim : type.dims) {
    if (dim.is_constant() && dim.value() < 0) return invalid("dims " + to_text(type.dims) + ": " + dim.text() + " is no dim");
  }
  if (all_constant(type.dims) && !is_floating(type.type)) {
    auto count = volume(constant_shape(type.dims));
    if (count.ok() && *count <= TensorType::kMostValues)
      type.values.emplace(static_cast<size_t>(*count), value.data() ? Dim(value.integer(0)) : Dim(0));
  }
  return TensorTypes{type};
}

Result<Arrays> Fill::evaluate(const Arrays& inputs) const {
  Shape shape = inputs.empty() ? constant_shape(dims.dims) : inputs[0].integers();
  TRY(volume(shape));
  if (!value.data()) {
    TRY_ASSIGN(Array zeros, Array::make(DataType::kFloat, shape));
    return Arrays{zeros};
  }
  TRY_ASSIGN(Array y, copy_strided(value, shape, 0, Shape(shape.size(), 0)));
  return Arrays{y};
}

Result<Tensor*> Fill::from_onnx(const OnnxNode& node, Network& network) {
  Fill op;
  if (node.has("value")) {
    TRY_ASSIGN(op.value, node.tensor("value"));
  }
  TRY_ASSIGN(Tensor * shape, required_input(node, 0));
  if (auto numbers = constant_values(shape->type)) {
    op.dims = DimList(*numbers);
    return network.add(op, {}, node.name());
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {shape}, node.name()));
  return layer->output();
}

OPERATOR(Fill, fill, {"ConstantOfShape", one_output<Fill::from_onnx>})

using namespace testing;

EXAMPLE("fill repeats a value") {
  expect_values("y = fill() dims=[2] value=array(int32 [1] = 7)\nz = fill() dims=[2]\noutput y\noutput z\n", {}, {{7, 7}, {0, 0}});
  expect_types("input x half [n, 2]\ns = shape(x)\ny = fill(s)\noutput y\noutput x\n", {"float [n, 2]", "half [n, 2]"});
  expect_error("y = fill() dims=[-2]\noutput y\n", "-2 is no dim");
}

}  // namespace ingot
