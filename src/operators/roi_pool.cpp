#include "operators/roi_pool.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> RoiPool::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &regions = inputs[1];
  if (x.rank() != 4 || !is_floating(x.type)) return invalid("the input is " + x.text() + "; floating-point [N, C, H, W] is wanted");
  if (regions.rank() != 2 || (regions.dims[1].is_constant() && !regions.dims[1].is(5)))
    return invalid("regions are " + regions.text() + "; [R, 5] is wanted");
  if (height < 1 || width < 1)
    return invalid("the output is " + std::to_string(height) + " by " + std::to_string(width) + " cells; these are positive");
  return TensorTypes{{x.type, {regions.dims[0], x.dims[1], height, width}}};
}

Result<Arrays> RoiPool::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &regions = inputs[1];
  const int64_t count = regions.shape()[0], channels = x.shape()[1], rows = x.shape()[2], columns = x.shape()[3];
  TRY_ASSIGN(Array y, Array::make(x.type(), {count, channels, height, width}));
  // Coordinates far outside are as good as ones just outside, and fit into integers.
  const auto edge = [&](int64_t region, int64_t k) {
    const double at = std::round(regions.number(5 * region + k) * scale);
    return static_cast<int64_t>(std::clamp(std::isnan(at) ? 0.0 : at, -1e9, 1e9));
  };
  struct Span {
    int64_t first, end;
  };
  // Cell `i` of `cells` between two edges, inside of `most` elements.
  const auto span = [](int64_t i, int64_t cells, int64_t low, int64_t high, int64_t most) {
    const double size = static_cast<double>(std::max<int64_t>(high - low + 1, 1)) / static_cast<double>(cells);
    const auto first = low + static_cast<int64_t>(std::floor(static_cast<double>(i) * size));
    const auto end = low + static_cast<int64_t>(std::ceil(static_cast<double>(i + 1) * size));
    return Span{std::clamp<int64_t>(first, 0, most), std::clamp<int64_t>(end, 0, most)};
  };
  for (int64_t region = 0; region < count; ++region) {
    const double batch_number = regions.number(5 * region);
    if (!(batch_number >= 0 && batch_number < static_cast<double>(x.shape()[0])))
      return invalid("region " + std::to_string(region) + " is of batch " + std::to_string(batch_number) + ", but there are " +
                     std::to_string(x.shape()[0]));
    const auto batch = static_cast<int64_t>(batch_number);
    for (int64_t i = 0; i < height; ++i) {
      const Span down = span(i, height, edge(region, 2), edge(region, 4), rows);
      for (int64_t j = 0; j < width; ++j) {
        const Span across = span(j, width, edge(region, 1), edge(region, 3), columns);
        for (int64_t c = 0; c < channels; ++c) {
          double most = down.first < down.end && across.first < across.end ? -INFINITY : 0;
          for (int64_t row = down.first; row < down.end; ++row) {
            for (int64_t column = across.first; column < across.end; ++column)
              most = std::max(most, x.number(((batch * channels + c) * rows + row) * columns + column));
          }
          y.set_number(((region * channels + c) * height + i) * width + j, most);
        }
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> RoiPool::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> inputs, required_inputs(node, 2));
  TRY_ASSIGN(const std::vector<int64_t> shape, node.integers("pooled_shape", {}));
  if (shape.size() != 2) return invalid("pooled_shape is " + to_text(shape) + "; two lengths are wanted");
  RoiPool op;
  op.height = shape[0];
  op.width = shape[1];
  TRY_ASSIGN(op.scale, node.number("spatial_scale", 1));
  return network.add(op, inputs, node.name());
}

OPERATOR(RoiPool, roi_pool, {"MaxRoiPool", one_output<RoiPool::from_onnx>})

using namespace testing;

EXAMPLE("each cell of a region takes its largest element") {
  const Values x{{1, 1, 3, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  // Columns 0 to 2 fall into cells of 1.5: 0 to 1 and 1 to 2; rows 1 to 2 into one cell. Behind the edge there is nothing.
  expect_values("input x [1, 1, 3, 4]\ninput r [2, 5]\ny = roi_pool(x, r) height=1 width=2\noutput y\n",
                {x, {{2, 5}, {0, 0, 1, 2, 2, 0, 3, 0, 4, 0}}}, {10, 11, 4, 0});
  expect_values("input x [1, 1, 3, 4]\ninput r [1, 5]\ny = roi_pool(x, r) scale=0.5\noutput y\n", {x, {{1, 5}, {0, 2, 2, 4, 2}}}, {7});
}

EXAMPLE("regions hold a batch and two corners") {
  expect_error("input x [1, 1, 2, 2]\ninput r [1, 4]\ny = roi_pool(x, r)\noutput y\n", "regions are float [1, 4]; [R, 5] is wanted");
}

}  // namespace ingot
