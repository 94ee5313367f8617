#include "operators/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

namespace {

// x mirrored at `low` and `high` until it lies between them.
double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double turn = std::fmod(std::abs(x - low), 2 * range);
  return low + (turn > range ? 2 * range - turn : turn);
}

double cubic(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

struct Tap {
  int64_t index;  // -1 reads 0
  double weight;
};

// What is read along one axis of `length` for a position from -1 to 1.
std::vector<Tap> taps_at(const GridSample& op, double position, int64_t length) {
  const double size = static_cast<double>(length);
  const double low = op.align_corners ? 0 : -0.5, high = op.align_corners ? size - 1 : size - 0.5;
  double x = op.align_corners ? (position + 1) / 2 * (size - 1) : ((position + 1) * size - 1) / 2;
  // Not a number and positions far out read what lies outside.
  if (!(std::abs(x) < 1e15)) x = op.padding == SamplePadding::kZeros || std::isnan(x) ? -10 : std::clamp(x, -1e15, 1e15);
  if (op.mode == SampleMode::kNearest) x = std::nearbyint(x);
  if (x < low || x > high) {
    if (op.padding == SamplePadding::kBorder) x = std::clamp(x, 0.0, size - 1);
    if (op.padding == SamplePadding::kReflection) x = reflect(x, low, high);
  }
  const auto place = [&](int64_t index) -> int64_t {
    if (index >= 0 && index < length) return index;
    if (op.padding == SamplePadding::kZeros) return -1;
    if (op.padding == SamplePadding::kReflection)
      index = static_cast<int64_t>(std::nearbyint(reflect(static_cast<double>(index), low, high)));
    return std::clamp<int64_t>(index, 0, length - 1);
  };
  if (op.mode == SampleMode::kNearest) return {{place(static_cast<int64_t>(std::nearbyint(x))), 1}};
  const double base = std::floor(x), ratio = x - base;
  const int64_t first = static_cast<int64_t>(base);
  if (op.mode == SampleMode::kLinear) return {{place(first), 1 - ratio}, {place(first + 1), ratio}};
  std::vector<Tap> taps;
  for (int64_t k = -1; k <= 2; ++k) taps.push_back({place(first + k), cubic(static_cast<double>(k) - ratio)});
  return taps;
}

// The weighted sum over all axes, from `axis` on.
double read(const Array& x, int64_t offset, const std::vector<std::vector<Tap>>& taps, const Shape& strides, size_t axis) {
  if (axis == taps.size()) return x.number(offset);
  double sum = 0;
  for (const Tap& tap : taps[axis]) {
    if (tap.index >= 0 && tap.weight != 0) sum += tap.weight * read(x, offset + tap.index * strides[axis + 2], taps, strides, axis + 1);
  }
  return sum;
}

}  // namespace

Result<TensorTypes> GridSample::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &grid = inputs[1];
  const int64_t axes = x.rank() - 2;
  if (axes < 1) return invalid("the input is " + x.text() + "; [N, C, spatial...] is wanted");
  if (grid.rank() != x.rank() || (grid.dims.back().is_constant() && !grid.dims.back().is(axes))) {
    return invalid("the grid is " + grid.text() + "; [N, " + std::to_string(axes) + " output dims, " + std::to_string(axes) +
                   "] is wanted for an input " + x.text());
  }
  TRY_ASSIGN(Dim batch, same_dim(x.dims[0], grid.dims[0], "batches of input and grid"));
  TensorType type{x.type, {batch, x.dims[1]}};
  type.dims.insert(type.dims.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  return TensorTypes{type};
}

Result<Arrays> GridSample::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &grid = inputs[1];
  TRY_ASSIGN(TensorTypes types, infer({{x.type(), to_dims(x.shape())}, {grid.type(), to_dims(grid.shape())}}));
  TRY_ASSIGN(Array y, Array::make(x.type(), constant_shape(types[0].dims)));
  if (y.count() == 0) return Arrays{y};
  const size_t axes = x.shape().size() - 2;
  const Shape strides = row_major_strides(x.shape());
  const int64_t channels = x.shape()[1], points = y.count() / (y.shape()[0] * channels);
  for (size_t i = 2; i < x.shape().size(); ++i) {
    if (x.shape()[i] == 0) return invalid("an input " + to_text(x.shape()) + " has no elements to sample");
  }
  for (int64_t batch = 0; batch < y.shape()[0]; ++batch) {
    for (int64_t point = 0; point < points; ++point) {
      std::vector<std::vector<Tap>> taps(axes);
      for (size_t axis = 0; axis < axes; ++axis) {
        const int64_t at = (batch * points + point) * static_cast<int64_t>(axes) + static_cast<int64_t>(axes - 1 - axis);
        taps[axis] = taps_at(*this, grid.number(at), x.shape()[axis + 2]);
      }
      for (int64_t channel = 0; channel < channels; ++channel) {
        y.set_number((batch * channels + channel) * points + point, read(x, batch * strides[0] + channel * strides[1], taps, strides, 0));
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> GridSample::from_onnx(const OnnxNode& node, Network& network) {
  GridSample op;
  TRY_ASSIGN(std::string mode, node.word("mode", "linear"));
  TRY(op.set_field("mode", mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode));
  TRY_ASSIGN(std::string padding, node.word("padding_mode", "zeros"));
  TRY(op.set_field("padding", padding));
  TRY_ASSIGN(int64_t align, node.integer("align_corners", 0));
  op.align_corners = align != 0;
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  return network.add(op, inputs, node.name());
}

OPERATOR(GridSample, grid_sample, {"GridSample", one_output<GridSample::from_onnx>})

using namespace testing;

EXAMPLE("grid_sample reads between elements") {
  const std::vector<Values> inputs = {{{1, 1, 1, 2}, {10, 20}}, {{1, 1, 3, 2}, {-1, 0, 0, 0, 1, 0}}};
  const std::string head = "input x [1, 1, 1, 2]\ninput g [1, 1, 3, 2]\ny = grid_sample(x, g)";
  expect_values(head + "\noutput y\n", inputs, {5, 15, 10});
  expect_values(head + " align_corners=true\noutput y\n", inputs, {10, 15, 20});
  expect_values(head + " padding=border\noutput y\n", inputs, {10, 15, 20});
  expect_values(head + " padding=reflection\noutput y\n", inputs, {10, 15, 20});
  expect_values(head + " mode=nearest align_corners=true\noutput y\n", inputs, {10, 10, 20});
}

EXAMPLE("the grid has a number for each axis") {
  expect_error("input x [1, 1, 4, 4]\ninput g [1, 2, 2, 3]\ny = grid_sample(x, g)\noutput y\n",
               "the grid is float [1, 2, 2, 3]; [N, 2 output dims, 2] is wanted");
}

}  // namespace ingot
