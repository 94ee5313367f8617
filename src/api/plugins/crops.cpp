#include "api/plugins/crops.h"

#include "operators/grid_sample.h"

namespace ingot::api {

Tensor* crops_of(Wiring& w, Tensor* x, Tensor* boxes, int64_t high, int64_t wide) {
  if (!w.ok()) return nullptr;
  const Dims image = w.dims(x);
  const Dim n = boxes->type.dims[0], count = boxes->type.dims[1];
  Tensor* corners = w.reshape(boxes, {n, count, Dim(4), Dim(1)});
  // Positions of the points from -1 to 1: 2 * (first + step * (last - first)) - 1.
  const auto along = [&](int64_t first, int64_t points) {
    std::vector<double> steps;
    for (int64_t i = 0; i < points; ++i) steps.push_back(points > 1 ? static_cast<double>(i) / static_cast<double>(points - 1) : 0.5);
    Tensor *low = w.slice(corners, 2, first, 1), *top = w.slice(corners, 2, first + 2, 1);
    Tensor* offset = w.apply(ScalarOp::kMul, {w.apply(ScalarOp::kSub, {top, low}), w.numbers(steps, {1, 1, 1, points}, corners)});
    return w.add(Elementwise(ScalarOp::kAffine, 2, -1), {w.apply(ScalarOp::kAdd, {low, offset})});
  };
  Tensor *rows = along(0, high), *columns = along(1, wide);
  if (!w.ok()) return nullptr;
  rows = w.reshape(rows, {n, count, Dim(high), Dim(1), Dim(1)});
  columns = w.reshape(columns, {n, count, Dim(1), Dim(wide), Dim(1)});
  // Each as wide as the other: times ones.
  const auto spread = [&](Tensor* along_one, int64_t points, Shape shape) {
    return w.apply(ScalarOp::kMul, {along_one, w.numbers(std::vector<double>(static_cast<size_t>(points), 1), std::move(shape), corners)});
  };
  Tensor* grid = w.concat({spread(columns, high, {1, 1, high, 1, 1}), spread(rows, wide, {1, 1, 1, wide, 1})}, 4);
  GridSample op;
  op.align_corners = true;
  Tensor* crops = w.add(std::move(op), {x, w.reshape(grid, {n, count * Dim(high), Dim(wide), Dim(2)})});
  return w.transpose(w.reshape(crops, {n, image[1], count, Dim(high), Dim(wide)}), {0, 2, 1, 3, 4});
}

}  // namespace ingot::api
