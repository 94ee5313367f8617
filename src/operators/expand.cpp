#include "operators/expand.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Expand::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  TensorType type{inputs[0].type, {}};
  Dims wanted;
  if (inputs.size() == 1) {
    TRY_ASSIGN(wanted, dims.resolve(inputs[0].dims));
  } else {
    TRY(check_index_type("dims", inputs[1].type));
    if (inputs[1].rank() != 1 || !inputs[1].dims[0].is_constant()) {
      return invalid("dims " + inputs[1].text() + ": an integer tensor [rank] of a known length is wanted");
    }
    if (inputs[1].values) {
      wanted = *inputs[1].values;
    } else {
      int64_t rank = std::max(inputs[1].dims[0].value(), inputs[0].rank());
      for (int64_t i = 0; i < rank; ++i) {
        TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, i));
        type.dims.push_back(dim);
      }
      return TensorTypes{type};
    }
  }
  for (const Dim& dim : wanted) {
    if (dim.is_constant() && dim.value() < 0) return invalid("dims " + to_text(wanted) + ": " + dim.text() + " is no dim");
  }
  TRY_ASSIGN(type.dims, broadcast(inputs[0].dims, wanted));
  carry_values(*this, inputs, {0}, &type);
  return TensorTypes{type};
}

Result<Arrays> Expand::evaluate(const Arrays& inputs) const {
  Dims from = to_dims(inputs[0].shape()), wanted;
  if (inputs.size() > 1) {
    auto numbers = inputs[1].integers();
    wanted.assign(numbers.begin(), numbers.end());
  } else {
    TRY_ASSIGN(wanted, dims.resolve(from));
  }
  TRY_ASSIGN(Dims to, broadcast(from, wanted));
  Shape shape = constant_shape(to), strides(shape.size(), 0), from_strides = row_major_strides(inputs[0].shape());
  size_t lead = shape.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (!from[i].is(1)) strides[lead + i] = from_strides[i];
  }
  TRY_ASSIGN(Array y, copy_strided(inputs[0], shape, 0, strides));
  return Arrays{y};
}

Result<Tensor*> Expand::from_onnx(const OnnxNode& node, Network& network) {
  Expand op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * shape, required_input(node, 1));
  if (auto numbers = constant_values(shape->type)) {
    op.dims = DimList(*numbers);
    return network.add(op, {x}, node.name());
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x, shape}, node.name()));
  return layer->output();
}

OPERATOR(Expand, expand, {"Expand", one_output<Expand::from_onnx>})

using namespace testing;

EXAMPLE("expand repeats along dims of 1, in both directions") {
  expect_values("input x [2, 1]\ny = expand(x) dims=[2, 1, 3]\noutput y\n", {{{2, 1}, {1, 2}}}, {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  expect_values("input x [2, 2]\ny = expand(x) dims=[1]\noutput y\n", {{{2, 2}, {1, 2, 3, 4}}}, {1, 2, 3, 4});
}

EXAMPLE("expand takes symbolic dims") {
  expect_types(
      "input x [1, 4]\ninput z [n, 3]\ns = shape(z) end=1\nf = fill() dims=[1] value=array(int64 [] = 4)\nd = concat(s, f)\ny = expand(x, "
      "d)\noutput y\noutput z\n",
      {"float [n, 4]", "float [n, 3]"});
}

EXAMPLE("dims that do not broadcast are refused") {
  expect_error("input x [2, 3]\ny = expand(x) dims=[2, 4]\noutput y\n", "3 against 4");
  expect_error("input x [1]\ny = expand(x) dims=[-1]\noutput y\n", "-1 is no dim");
}

}  // namespace ingot
