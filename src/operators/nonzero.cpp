#include "operators/nonzero.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> NonZero::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  TRY_ASSIGN(Dim count, runtime_dim(kName, symbol, 0));
  return TensorTypes{{index_type, {inputs[0].rank(), count}}};
}

Result<Arrays> NonZero::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  std::vector<Shape> places;
  int64_t position = 0;
  for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++position) {
    const bool zero = is_floating(x.type()) ? x.number(position) == 0 : x.integer(position) == 0;
    if (!zero) places.push_back(walk.index());
  }
  const auto count = static_cast<int64_t>(places.size());
  TRY_ASSIGN(Array y, Array::make(index_type, {x.rank(), count}));
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      y.set_integer(axis * count + i, places[static_cast<size_t>(i)][static_cast<size_t>(axis)]);
  }
  return Arrays{y};
}

Result<Tensor*> NonZero::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, std::make_unique<NonZero>(), {x}, node.name(), {volume(x->type.dims)}));
  return layer->output();
}

OPERATOR(NonZero, nonzero, {"NonZero", one_output<NonZero::from_onnx>})

using namespace testing;

EXAMPLE("nonzero lists the places of elements that are not 0") {
  expect_values("input x [2, 2]\ny = nonzero(x) symbol=run_n\noutput y\n", {{{2, 2}, {1, 0, 3, 4}}}, {0, 1, 1, 0, 0, 1});
  expect_types("input x bool [2, m]\ny = nonzero(x) symbol=run_n\noutput y\n", {"int64 [2, run_n]"});
}

EXAMPLE("the count wants a name") {
  expect_error("input x [2, 2]\ny = nonzero(x)\noutput y\n",
               "the output dims of nonzero are known only at run time; its field 'symbol' must name them");
}

}  // namespace ingot
