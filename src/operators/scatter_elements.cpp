#include "operators/scatter_elements.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> ScatterElements::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &x = inputs[0], &indices = inputs[1], &updates = inputs[2];
  TRY(check_index_type("indices", indices.type));
  TRY(normalize_axis(axis, x.rank()));
  if (x.rank() != indices.rank() || x.rank() != updates.rank()) {
    return invalid("data " + to_text(x.dims) + ", indices " + to_text(indices.dims) + " and updates " + to_text(updates.dims) +
                   " must have the same rank");
  }
  if (x.type != updates.type) return invalid("data are " + x.text() + ", updates are " + updates.text() + "; their types must be the same");
  for (size_t i = 0; i < indices.dims.size(); ++i) TRY(same_dim(indices.dims[i], updates.dims[i], "dims of indices and updates"));
  TensorType type{x.type, x.dims};
  if (reduction == ScatterReduction::kNone) carry_values(*this, inputs, {0, 2}, &type);
  return TensorTypes{type};
}

Result<Arrays> ScatterElements::evaluate(const Arrays& inputs) const {
  Array y = inputs[0];
  const Array& indices = inputs[1];
  if (indices.shape() != inputs[2].shape())
    return invalid("indices " + to_text(indices.shape()) + " and updates " + to_text(inputs[2].shape()) + " differ");
  TRY_ASSIGN(int64_t along, normalize_axis(axis, y.rank()));
  const Shape strides = row_major_strides(y.shape());
  std::vector<int64_t> to;
  for (IndexWalk walk(indices.shape()); !walk.done(); walk.next()) {
    int64_t offset = 0;
    for (int64_t k = 0; k < y.rank(); ++k) {
      const size_t i = static_cast<size_t>(k);
      const int64_t length = y.shape()[i];
      int64_t index = k == along ? indices.integer(static_cast<int64_t>(to.size())) : walk.index()[i];
      if (index < -length || index >= length) {
        return invalid("index " + std::to_string(index) + " lies outside of axis " + std::to_string(k) + " of " + to_text(y.shape()));
      }
      offset += (index < 0 ? index + length : index) * strides[i];
    }
    to.push_back(offset);
  }
  TRY(scatter_into(y, to, inputs[2], reduction));
  return Arrays{y};
}

Result<Tensor*> ScatterElements::from_onnx(const OnnxNode& node, Network& network) {
  ScatterElements op;
  TRY_ASSIGN(op.axis, node.integer("axis", 0));
  TRY_ASSIGN(std::string reduction, node.word("reduction", "none"));
  TRY(op.set_field("reduction", reduction));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  return network.add(op, inputs, node.name());
}

OPERATOR(ScatterElements, scatter_elements, {"ScatterElements", one_output<ScatterElements::from_onnx>},
         {"Scatter", one_output<ScatterElements::from_onnx>})

using namespace testing;

EXAMPLE("scatter_elements puts updates where the indices say") {
  expect_values("input x [1, 5]\nweights i int64 [1, 2] = 1 -2\ninput u [1, 2]\ny = scatter_elements(x, i, u) axis=1\noutput y\n",
                {{{1, 5}, {1, 2, 3, 4, 5}}, {{1, 2}, {8, 9}}}, {1, 8, 3, 9, 5});
}

EXAMPLE("equal indices reduce one after the other") {
  const std::vector<Values> inputs = {{{3}, {1, 2, 3}}, {{2}, {8, 9}}};
  expect_values("input x [3]\nweights i int64 [2] = 1 1\ninput u [2]\ny = scatter_elements(x, i, u) reduction=add\noutput y\n", inputs,
                {1, 19, 3});
  expect_values("input x [3]\nweights i int64 [2] = 1 1\ninput u [2]\ny = scatter_elements(x, i, u) reduction=mul\noutput y\n", inputs,
                {1, 144, 3});
  expect_values("input x [3]\nweights i int64 [2] = 1 1\ninput u [2]\ny = scatter_elements(x, i, u) reduction=max\noutput y\n", inputs,
                {1, 9, 3});
  expect_values("input x int8 [3]\nweights i int64 [2] = 1 1\ninput u int8 [2]\ny = scatter_elements(x, i, u) reduction=min\noutput y\n",
                inputs, {1, 2, 3});
}

EXAMPLE("indices and updates must go together") {
  expect_error("input x [3]\ninput i int64 [2]\ninput u [3]\ny = scatter_elements(x, i, u)\noutput y\n",
               "dims of indices and updates: 2 and 3 differ");
}

}  // namespace ingot
