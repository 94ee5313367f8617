#include "operators/prior_box.h"

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

std::vector<double> PriorBox::ratios() const {
  std::vector<double> result = {1};
  const auto add = [&](double ratio) {
    if (std::none_of(result.begin(), result.end(), [&](double known) { return std::fabs(known - ratio) < 1e-6; })) result.push_back(ratio);
  };
  for (double ratio : aspect_ratios) {
    add(ratio);
    if (flip) add(1 / ratio);
  }
  return result;
}

std::vector<std::array<double, 2>> PriorBox::boxes() const {
  std::vector<std::array<double, 2>> sizes;
  for (size_t i = 0; i < min_sizes.size(); ++i) {
    const double least = min_sizes[i];
    sizes.push_back({least, least});
    if (!max_sizes.empty()) {
      const double side = std::sqrt(least * max_sizes[i]);
      sizes.push_back({side, side});
    }
    for (double ratio : ratios()) {
      if (ratio != 1) sizes.push_back({least * std::sqrt(ratio), least / std::sqrt(ratio)});
    }
  }
  return sizes;
}

Result<TensorTypes> PriorBox::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  for (const TensorType& input : inputs) {
    if (input.rank() != 4) return invalid("prior_box takes features and an image of rank 4, not " + input.text());
  }
  const auto positive = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return v > 0; });
  };
  if (min_sizes.empty() || !positive(min_sizes)) return invalid("prior_box needs at least one min_size, all of them above 0");
  if (!max_sizes.empty() && max_sizes.size() != min_sizes.size())
    return invalid("prior_box has " + std::to_string(min_sizes.size()) + " min_sizes and " + std::to_string(max_sizes.size()) +
                   " max_sizes; give one for each, or none");
  for (size_t i = 0; i < max_sizes.size(); ++i) {
    if (!(max_sizes[i] > min_sizes[i]))
      return invalid("max_sizes[" + std::to_string(i) + "] is not above min_sizes[" + std::to_string(i) + "]");
  }
  if (!positive(aspect_ratios)) return invalid("aspect_ratios of prior_box must be above 0");
  if (variances.size() != 1 && variances.size() != 4)
    return invalid("prior_box has 1 or 4 variances, not " + std::to_string(variances.size()));
  if (!(step_x >= 0) || !(step_y >= 0)) return invalid("steps of prior_box are 0 or more");
  const auto boxes = static_cast<int64_t>(min_sizes.size() * ratios().size() + max_sizes.size());
  const Dims& features = inputs[0].dims;
  return TensorTypes{{inputs[0].type, {1, 2, features[2] * features[3] * Dim(boxes * 4)}}};
}

Result<Arrays> PriorBox::evaluate(const Arrays& inputs) const {
  const Shape &features = inputs[0].shape(), &image = inputs[1].shape();
  const int64_t rows = features[2], columns = features[3];
  const auto high = static_cast<double>(image[2]), wide = static_cast<double>(image[3]);
  const auto sizes = boxes();
  const int64_t half = rows * columns * static_cast<int64_t>(sizes.size()) * 4;
  TRY_ASSIGN(Array y, Array::make(inputs[0].type(), {1, 2, half}));
  const double along_x = step_x > 0 ? step_x : wide / static_cast<double>(columns),
               along_y = step_y > 0 ? step_y : high / static_cast<double>(rows);
  int64_t at = 0;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const double x = (static_cast<double>(column) + offset) * along_x, center_y = (static_cast<double>(row) + offset) * along_y;
      for (const auto& [width, height] : sizes) {
        const double corners[] = {(x - width / 2) / wide, (center_y - height / 2) / high, (x + width / 2) / wide,
                                  (center_y + height / 2) / high};
        for (int64_t c = 0; c < 4; ++c, ++at) {
          y.set_number(at, clip ? std::clamp(corners[c], 0.0, 1.0) : corners[c]);
          y.set_number(half + at, variances.size() == 1 ? variances[0] : variances[static_cast<size_t>(c)]);
        }
      }
    }
  }
  return Arrays{y};
}

OPERATOR(PriorBox, prior_box)

using namespace testing;

EXAMPLE("prior_box puts a square around each centre") {
  expect_values(
      "input f [1, 8, 1, 2]\ninput i [1, 3, 100, 200]\ny = prior_box(f, i) min_sizes=[20] variances=[0.1, 0.2, 0.3, 0.4]\noutput y\n",
      {{{1, 8, 1, 2}, std::vector<double>(16)}, {{1, 3, 100, 200}, std::vector<double>(60000)}},
      {0.2, 0.4, 0.3, 0.6, 0.7, 0.4, 0.8, 0.6, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4});
}

EXAMPLE("prior_box counts a box for each size and ratio") {
  expect_types(
      "input f [n, 8, h, w]\ninput i [n, 3, 300, 300]\ny = prior_box(f, i) min_sizes=[30] max_sizes=[60] aspect_ratios=[1, 2, 3]\noutput "
      "y\n",
      {"float [1, 2, 24*h*w]"});
  expect_types("input f [1, 8, 2, 2]\ninput i [1, 3, 8, 8]\ny = prior_box(f, i) min_sizes=[3, 4] aspect_ratios=[2] flip=false\noutput y\n",
               {"float [1, 2, 64]"});
}

EXAMPLE("prior_box stays in the image where it is asked to") {
  expect_values("input f [1, 1, 1, 1]\ninput i [1, 1, 4, 4]\ny = prior_box(f, i) min_sizes=[2] max_sizes=[18] clip=true\noutput y\n",
                {{{1, 1, 1, 1}, {0}}, {{1, 1, 4, 4}, std::vector<double>(16)}},
                {0.25, 0.25, 0.75, 0.75, 0, 0, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
}

EXAMPLE("prior_box refuses sizes that do not fit together") {
  expect_error("input f [1, 1, 2, 2]\ny = prior_box(f, f)\noutput y\n", "at least one min_size");
  expect_error("input f [1, 1, 2, 2]\ny = prior_box(f, f) min_sizes=[2] max_sizes=[1]\noutput y\n", "max_sizes[0] is not above");
  expect_error("input f [1, 1, 2, 2]\ny = prior_box(f, f) min_sizes=[2, 3] max_sizes=[4]\noutput y\n", "give one for each, or none");
}

}  // namespace ingot
