#include "operators/affine_grid.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> AffineGrid::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &theta = inputs[0], &size = inputs[1];
  TRY(check_index_type("sizes", size.type));
  if (size.rank() != 1 || !(size.dims[0].is(4) || size.dims[0].is(5)))
    return invalid("sizes are " + size.text() + "; [N, C, H, W] or [N, C, D, H, W] is wanted");
  const int64_t axes = size.dims[0].value() - 2;
  if (theta.rank() != 3 || (theta.dims[1].is_constant() && !theta.dims[1].is(axes)) ||
      (theta.dims[2].is_constant() && !theta.dims[2].is(axes + 1))) {
    return invalid("theta is " + theta.text() + "; [N, " + std::to_string(axes) + ", " + std::to_string(axes + 1) + "] is wanted");
  }
  TensorType type{theta.type, {theta.dims[0]}};
  for (int64_t i = 0; i < axes; ++i) {
    Dim dim;
    if (size.values) {
      dim = (*size.values)[static_cast<size_t>(i + 2)];
    } else {
      TRY_ASSIGN(dim, runtime_dim(kName, symbol, i));
    }
    type.dims.push_back(dim);
  }
  type.dims.push_back(axes);
  return TensorTypes{type};
}

Result<Arrays> AffineGrid::evaluate(const Arrays& inputs) const {
  const Array &theta = inputs[0], &size = inputs[1];
  const int64_t axes = size.count() - 2;
  const std::vector<int64_t> sizes = size.integers();
  if (axes != 2 && axes != 3) return invalid("sizes are " + to_text(size.shape()));
  Shape shape{theta.shape()[0]};
  shape.insert(shape.end(), sizes.begin() + 2, sizes.end());
  shape.push_back(axes);
  TRY_ASSIGN(Array y, Array::make(theta.type(), shape));
  int64_t position = 0;
  shape.pop_back();
  for (IndexWalk walk(shape); !walk.done(); walk.next()) {
    // The last axis comes first: x, y, z, and then the 1 that shifts.
    double from[4] = {1, 1, 1, 1};
    for (int64_t i = 0; i < axes; ++i) {
      const size_t axis = static_cast<size_t>(axes - i);
      const auto index = static_cast<double>(walk.index()[axis]), length = static_cast<double>(shape[axis]);
      from[i] = align_corners ? (length > 1 ? 2 * index / (length - 1) - 1 : -1) : (2 * index + 1) / length - 1;
    }
    from[axes] = 1;
    for (int64_t row = 0; row < axes; ++row) {
      double sum = 0;
      for (int64_t k = 0; k <= axes; ++k) sum += theta.number((walk.index()[0] * axes + row) * (axes + 1) + k) * from[k];
      y.set_number(position++, sum);
    }
  }
  return Arrays{y};
}

Result<Tensor*> AffineGrid::from_onnx(const OnnxNode& node, Network& network) {
  AffineGrid op;
  TRY_ASSIGN(int64_t align, node.integer("align_corners", 0));
  op.align_corners = align != 0;
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(AffineGrid, affine_grid, {"AffineGrid", one_output<AffineGrid::from_onnx>})

using namespace testing;

EXAMPLE("affine_grid maps the positions of elements") {
  const std::vector<Values> theta = {{{1, 2, 3}, {1, 0, 0.5, 0, 1, 0}}};
  expect_values("input t [1, 2, 3]\nweights s int64 [4] = 1 1 1 2\ny = affine_grid(t, s)\noutput y\n", theta, {0, 0, 1, 0});
  expect_values("input t [1, 2, 3]\nweights s int64 [4] = 1 1 2 2\ny = affine_grid(t, s) align_corners=true\noutput y\n", theta,
                {-0.5, -1, 1.5, -1, -0.5, 1, 1.5, 1});
  expect_types("input t [n, 2, 3]\nweights s int64 [4] = 1 1 2 5\ny = affine_grid(t, s)\noutput y\n", {"float [n, 2, 5, 2]"});
  expect_error("input t [n, 3, 3]\nweights s int64 [4] = 1 1 2 5\ny = affine_grid(t, s)\noutput y\n",
               "theta is float [n, 3, 3]; [N, 2, 3] is wanted");
}

}  // namespace ingot
