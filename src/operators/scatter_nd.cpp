#include "operators/scatter_nd.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> ScatterNd::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &x = inputs[0], &indices = inputs[1], &updates = inputs[2];
  TRY(check_index_type("indices", indices.type));
  if (indices.rank() == 0 || !indices.dims.back().is_constant())
    return invalid("indices " + to_text(indices.dims) + ": the length of a tuple, the last dim, must be known");
  const int64_t length = indices.dims.back().value();
  if (length < 0 || length > x.rank())
    return invalid("tuples of " + std::to_string(length) + " indices do not fit data " + to_text(x.dims));
  if (x.type != updates.type) return invalid("data are " + x.text() + ", updates are " + updates.text() + "; their types must be the same");
  Dims wanted(indices.dims.begin(), indices.dims.end() - 1);
  wanted.insert(wanted.end(), x.dims.begin() + length, x.dims.end());
  if (wanted.size() != updates.dims.size()) return invalid("updates are " + to_text(updates.dims) + "; " + to_text(wanted) + " is wanted");
  for (size_t i = 0; i < wanted.size(); ++i)
    TRY(same_dim(wanted[i], updates.dims[i], "updates are " + to_text(updates.dims) + "; " + to_text(wanted) + " is wanted"));
  TensorType type{x.type, x.dims};
  if (reduction == ScatterReduction::kNone) carry_values(*this, inputs, {0, 2}, &type);
  return TensorTypes{type};
}

Result<Arrays> ScatterNd::evaluate(const Arrays& inputs) const {
  Array y = inputs[0];
  const Array& indices = inputs[1];
  TRY(infer({{y.type(), to_dims(y.shape())}, {indices.type(), to_dims(indices.shape())}, {inputs[2].type(), to_dims(inputs[2].shape())}}));
  const int64_t length = indices.shape().back();
  const Shape strides = row_major_strides(y.shape());
  int64_t block = 1, tuples = 1;
  for (int64_t i = length; i < y.rank(); ++i) block *= y.shape()[static_cast<size_t>(i)];
  for (size_t i = 0; i + 1 < indices.shape().size(); ++i) tuples *= indices.shape()[i];
  std::vector<int64_t> to;
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t offset = 0;
    for (int64_t k = 0; k < length; ++k) {
      const size_t axis = static_cast<size_t>(k);
      const int64_t index = indices.integer(t * length + k), size = y.shape()[axis];
      if (index < -size || index >= size)
        return invalid("index " + std::to_string(index) + " lies outside of axis " + std::to_string(axis) + " of " + to_text(y.shape()));
      offset += (index < 0 ? index + size : index) * strides[axis];
    }
    for (int64_t i = 0; i < block; ++i) to.push_back(offset + i);
  }
  TRY(scatter_into(y, to, inputs[2], reduction));
  return Arrays{y};
}

Result<Tensor*> ScatterNd::from_onnx(const OnnxNode& node, Network& network) {
  ScatterNd op;
  TRY_ASSIGN(std::string reduction, node.word("reduction", "none"));
  TRY(op.set_field("reduction", reduction));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  return network.add(op, inputs, node.name());
}

OPERATOR(ScatterNd, scatter_nd, {"ScatterND", one_output<ScatterNd::from_onnx>})

using namespace testing;

EXAMPLE("scatter_nd puts slices where the tuples say") {
  expect_values("input x [3, 2]\nweights i int64 [1, 1] = -1\ninput u [1, 2]\ny = scatter_nd(x, i, u)\noutput y\n",
                {{{3, 2}, {1, 2, 3, 4, 5, 6}}, {{1, 2}, {8, 9}}}, {1, 2, 3, 4, 8, 9});
  expect_values("input x [3]\nweights i int64 [2, 1] = 1 1\ninput u [2]\ny = scatter_nd(x, i, u) reduction=add\noutput y\n",
                {{{3}, {1, 2, 3}}, {{2}, {8, 9}}}, {1, 19, 3});
}

EXAMPLE("updates of other dims are refused") {
  expect_error("input x [3, 2]\ninput i int64 [1, 1]\ninput u [1, 3]\ny = scatter_nd(x, i, u)\noutput y\n",
               "updates are [1, 3]; [1, 2] is wanted");
}

}  // namespace ingot
