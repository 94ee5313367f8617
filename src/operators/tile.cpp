#include "operators/tile.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Tile::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 2));
  TensorType type{inputs[0].type, {}};
  Dims counts(repeats.begin(), repeats.end());
  if (inputs.size() > 1) {
    TRY(check_index_type("repeats", inputs[1].type));
    if (inputs[1].rank() != 1) return invalid("repeats " + inputs[1].text() + ": an integer tensor [rank] is wanted");
    counts.clear();
    if (inputs[1].values) counts = *inputs[1].values;
    for (int64_t i = 0; i < inputs[0].rank() && !inputs[1].values; ++i) {
      TRY_ASSIGN(Dim dim, runtime_dim(kName, symbol, i));
      type.dims.push_back(dim);
    }
    if (!inputs[1].values) return TensorTypes{type};
  }
  if (counts.size() != inputs[0].dims.size()) {
    return invalid(std::to_string(counts.size()) + " repeats are given for an input " + to_text(inputs[0].dims) +
                   "; one for each dim is wanted");
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].is_constant() && counts[i].value() < 0) return invalid("repeats " + to_text(counts) + " are negative");
    type.dims.push_back(inputs[0].dims[i] * counts[i]);
  }
  carry_values(*this, inputs, {0}, &type);
  return TensorTypes{type};
}

Result<Arrays> Tile::evaluate(const Arrays& inputs) const {
  std::vector<int64_t> counts = inputs.size() > 1 ? inputs[1].integers() : repeats;
  const Shape& from = inputs[0].shape();
  if (counts.size() != from.size()) return invalid(std::to_string(counts.size()) + " repeats are given for an input " + to_text(from));
  // y as [r0, d0, r1, d1, ...], where the repeats have stride 0.
  Shape shape, split, strides, from_strides = row_major_strides(from);
  for (size_t i = 0; i < from.size(); ++i) {
    int64_t product;
    if (counts[i] < 0 || __builtin_mul_overflow(counts[i], from[i], &product))
      return invalid("repeats " + to_text(counts) + " do not serve for an input " + to_text(from));
    shape.push_back(product);
    split.insert(split.end(), {counts[i], from[i]});
    strides.insert(strides.end(), {0, from_strides[i]});
  }
  TRY_ASSIGN(Array tiled, copy_strided(inputs[0], split, 0, strides));
  TRY_ASSIGN(Array y, tiled.reshaped(shape));
  return Arrays{y};
}

Result<Tensor*> Tile::from_onnx(const OnnxNode& node, Network& network) {
  Tile op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * repeats, required_input(node, 1));
  if (node.opset() < 6) {  // the count and the one axis that is repeated
    TRY_ASSIGN(const Array count, constant_input(node, 1, "the count"));
    TRY_ASSIGN(const Array axis, constant_input(node, 2, "the axis"));
    if (count.count() != 1 || axis.count() != 1) return invalid("the count and the axis of Tile are one number each");
    TRY_ASSIGN(const int64_t place, normalize_axis(axis.integer(0), x->type.rank()));
    op.repeats.assign(static_cast<size_t>(x->type.rank()), 1);
    op.repeats[static_cast<size_t>(place)] = count.integer(0);
    return network.add(op, {x}, node.name());
  }
  if (auto numbers = constant_values(repeats->type)) {
    op.repeats = *numbers;
    return network.add(op, {x}, node.name());
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x, repeats}, node.name()));
  return layer->output();
}

OPERATOR(Tile, tile, {"Tile", one_output<Tile::from_onnx>})

using namespace testing;

EXAMPLE("tile repeats along each axis") {
  expect_values("input x [2, 2]\ny = tile(x) repeats=[2, 1]\nz = tile(x) repeats=[1, 2]\noutput y\noutput z\n", {{{2, 2}, {1, 2, 3, 4}}},
                {{1, 2, 3, 4, 1, 2, 3, 4}, {1, 2, 1, 2, 3, 4, 3, 4}});
  expect_types("input x [n, 3]\ny = tile(x) repeats=[2, 3]\noutput y\n", {"float [2*n, 9]"});
}

EXAMPLE("each dim wants its repeat") {
  expect_error("input x [2, 2]\ny = tile(x) repeats=[2]\noutput y\n",
               "1 repeats are given for an input [2, 2]; one for each dim is wanted");
}

}  // namespace ingot
