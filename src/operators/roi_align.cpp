#include "operators/roi_align.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

namespace {

// A cell asks for no more samples than this along an axis, whatever the region says.
constexpr double kMostSamples = 4096;

struct Corner {
  int64_t low, high;
  double ratio;  // of high
};

// The two elements around a position; nothing where it is more than one element outside.
std::optional<Corner> corner_at(double x, int64_t length) {
  if (!(x >= -1 && x <= static_cast<double>(length))) return std::nullopt;
  x = std::max(x, 0.0);
  const auto low = static_cast<int64_t>(x);
  if (low >= length - 1) return Corner{length - 1, length - 1, 0};
  return Corner{low, low + 1, x - static_cast<double>(low)};
}

}  // namespace

Result<TensorTypes> RoiAlign::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &x = inputs[0], &regions = inputs[1], &batches = inputs[2];
  TRY(check_index_type("batches of the regions", batches.type));
  if (x.rank() != 4) return invalid("the input is " + x.text() + "; [N, C, H, W] is wanted");
  if (regions.rank() != 2 || (regions.dims[1].is_constant() && !regions.dims[1].is(4)))
    return invalid("regions are " + regions.text() + "; [R, 4] is wanted");
  if (batches.rank() != 1) return invalid("batches of the regions are " + batches.text() + "; [R] is wanted");
  if (height < 1 || width < 1 || samples < 0)
    return invalid("the output is " + std::to_string(height) + " by " + std::to_string(width) + " cells of " + std::to_string(samples) +
                   " samples; these are positive");
  TRY_ASSIGN(Dim count, same_dim(regions.dims[0], batches.dims[0], "numbers of regions and of their batches"));
  return TensorTypes{{x.type, {count, x.dims[1], height, width}}};
}

Result<Arrays> RoiAlign::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &regions = inputs[1], &batches = inputs[2];
  const int64_t count = regions.shape()[0], channels = x.shape()[1], rows = x.shape()[2], columns = x.shape()[3];
  TRY_ASSIGN(Array y, Array::make(x.type(), {count, channels, height, width}));
  if (y.count() == 0) return Arrays{y};
  if (rows == 0 || columns == 0 || batches.count() != count)
    return invalid("an input " + to_text(x.shape()) + " has no elements to sample");
  const double offset = half_pixel ? 0.5 : 0;
  for (int64_t region = 0; region < count; ++region) {
    const int64_t batch = batches.integer(region);
    if (batch < 0 || batch >= x.shape()[0])
      return invalid("region " + std::to_string(region) + " is of batch " + std::to_string(batch) + ", but there are " +
                     std::to_string(x.shape()[0]));
    const auto edge = [&](int64_t k) { return regions.number(4 * region + k) * scale - offset; };
    const double left = edge(0), top = edge(1);
    double wide = edge(2) - left, high = edge(3) - top;
    if (!half_pixel) wide = std::max(wide, 1.0), high = std::max(high, 1.0);
    const double cell_height = high / static_cast<double>(height), cell_width = wide / static_cast<double>(width);
    const auto samples_of = [&](double cell) {
      return samples > 0 ? samples : static_cast<int64_t>(std::clamp(std::ceil(cell), 0.0, kMostSamples));
    };
    const int64_t down = samples_of(cell_height), across = samples_of(cell_width);
    for (int64_t channel = 0; channel < channels; ++channel) {
      const int64_t plane = (batch * channels + channel) * rows * columns;
      for (int64_t cell = 0; cell < height * width; ++cell) {
        double sum = 0, highest = -__builtin_inf();
        for (int64_t sample = 0; sample < down * across; ++sample) {
          const double row = static_cast<double>(cell / width), column = static_cast<double>(cell % width);
          const auto v =
              corner_at(top + cell_height * (row + (static_cast<double>(sample / across) + 0.5) / static_cast<double>(down)), rows);
          const auto h =
              corner_at(left + cell_width * (column + (static_cast<double>(sample % across) + 0.5) / static_cast<double>(across)), columns);
          const auto weighted = [&](bool lower, bool right) {
            if (!v || !h) return 0.0;
            const double weight = (lower ? v->ratio : 1 - v->ratio) * (right ? h->ratio : 1 - h->ratio);
            return weight * x.number(plane + (lower ? v->high : v->low) * columns + (right ? h->high : h->low));
          };
          const double parts[] = {weighted(false, false), weighted(false, true), weighted(true, false), weighted(true, true)};
          sum += parts[0] + parts[1] + parts[2] + parts[3];
          // ONNX takes the largest of the weighted corners, not of their sums.
          highest = std::max(highest, *std::max_element(parts, parts + 4));
        }
        const double samples_taken = static_cast<double>(std::max<int64_t>(down * across, 1));
        y.set_number((region * channels + channel) * height * width + cell,
                     maximum ? (down * across > 0 ? highest : 0) : sum / samples_taken);
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> RoiAlign::from_onnx(const OnnxNode& node, Network& network) {
  RoiAlign op;
  TRY_ASSIGN(std::string mode, node.word("mode", "avg"));
  if (mode != "avg" && mode != "max") return invalid("mode is '" + mode + "'; avg or max is wanted");
  op.maximum = mode == "max";
  TRY_ASSIGN(std::string coordinates, node.word("coordinate_transformation_mode", node.opset() < 16 ? "output_half_pixel" : "half_pixel"));
  op.half_pixel = coordinates == "half_pixel";
  TRY_ASSIGN(op.height, node.integer("output_height", 1));
  TRY_ASSIGN(op.width, node.integer("output_width", 1));
  TRY_ASSIGN(op.samples, node.integer("sampling_ratio", 0));
  TRY_ASSIGN(op.scale, node.number("spatial_scale", 1));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  return network.add(op, inputs, node.name());
}

OPERATOR(RoiAlign, roi_align, {"RoiAlign", one_output<RoiAlign::from_onnx>})

using namespace testing;

EXAMPLE("roi_align averages samples of a region") {
  const std::vector<Values> inputs = {{{1, 1, 2, 2}, {1, 2, 3, 4}}, {{1, 4}, {0, 0, 2, 2}}};
  const std::string head = "input x [1, 1, 2, 2]\ninput r [1, 4]\nweights b int64 [1] = 0\ny = roi_align(x, r, b)";
  expect_values(head + "\noutput y\n", inputs, {2.5});
  expect_values(head + " height=2 width=2\noutput y\n", inputs, {1, 2, 3, 4});
  expect_values(head + " maximum=true\noutput y\n", inputs, {4});
}

EXAMPLE("a batch that is not there is refused") {
  expect_error("input x [1, 1, 2, 2]\ninput r [2, 4]\nweights b int64 [1] = 0\ny = roi_align(x, r, b)\noutput y\n",
               "numbers of regions and of their batches: 2 and 1 differ");
}

}  // namespace ingot
