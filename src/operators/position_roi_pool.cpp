#include "operators/position_roi_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

constexpr int64_t kMostCells = 4096, kMostOutputs = 1 << 20;

struct Span {
  int64_t first, end;
};

// The elements of cell `i` of `cells` along an axis of `most`, where the region's edges are `low` and `high`.
Span span_of(int64_t i, int64_t cells, double low, double high, double scale, int64_t most) {
  const double start = std::round(low) * scale, end = (std::round(high) + 1) * scale;
  const double size = std::max(end - start, 0.1) / static_cast<double>(cells);
  const auto place = [&](double at) { return static_cast<int64_t>(std::clamp(std::isnan(at) ? 0.0 : at, 0.0, static_cast<double>(most))); };
  return {place(std::floor(static_cast<double>(i) * size + start)), place(std::ceil(static_cast<double>(i + 1) * size + start))};
}

}  // namespace

Result<TensorTypes> PositionRoiPool::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 2));
  const TensorType &x = inputs[0], &regions = inputs[1];
  if (cells < 1 || cells > kMostCells || outputs < 1 || outputs > kMostOutputs)
    return invalid(fmt::format("there are {} outputs of {} by {} cells; 1 to {} outputs and 1 to {} cells are wanted", outputs, cells,
                               cells, kMostOutputs, kMostCells));
  const int64_t channels = outputs * cells * cells;
  if (x.rank() != 4 || !is_floating(x.type) || (x.dims[1].is_constant() && !x.dims[1].is(channels)))
    return invalid(fmt::format("the input is {}; floating-point [N, {}, H, W] is wanted: {} outputs of {} by {} cells", x.text(), channels,
                               outputs, cells, cells));
  if (regions.rank() != 2 || (regions.dims[1].is_constant() && !regions.dims[1].is(5)))
    return invalid("regions are " + regions.text() + "; [R, 5] is wanted");
  return TensorTypes{{x.type, {regions.dims[0], outputs, cells, cells}}};
}

Result<Arrays> PositionRoiPool::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &regions = inputs[1];
  const int64_t count = regions.shape()[0], channels = x.shape()[1], rows = x.shape()[2], columns = x.shape()[3];
  TRY_ASSIGN(Array y, Array::make(x.type(), {count, outputs, cells, cells}));
  int64_t at = 0;
  for (int64_t region = 0; region < count; ++region) {
    const auto number = [&](int64_t k) { return regions.number(5 * region + k); };
    if (!(number(0) >= 0 && number(0) < static_cast<double>(x.shape()[0])))
      return invalid(fmt::format("region {} is of batch {}, but there are {}", region, number(0), x.shape()[0]));
    const auto batch = static_cast<int64_t>(number(0));
    for (int64_t c = 0; c < outputs; ++c) {
      for (int64_t i = 0; i < cells; ++i) {
        const Span down = span_of(i, cells, number(2), number(4), scale, rows);
        for (int64_t j = 0; j < cells; ++j, ++at) {
          const Span across = span_of(j, cells, number(1), number(3), scale, columns);
          const int64_t plane = (batch * channels + (c * cells + i) * cells + j) * rows;
          double sum = 0;
          for (int64_t row = down.first; row < down.end; ++row) {
            for (int64_t column = across.first; column < across.end; ++column) sum += x.number((plane + row) * columns + column);
          }
          const int64_t area = std::max<int64_t>(down.end - down.first, 0) * std::max<int64_t>(across.end - across.first, 0);
          y.set_number(at, area > 0 ? sum / static_cast<double>(area) : 0);
        }
      }
    }
  }
  return Arrays{y};
}

OPERATOR(PositionRoiPool, position_roi_pool)

using namespace testing;

EXAMPLE("each cell of a region reads a channel of its own") {
  // 2 by 2 cells of a region that is the whole image of 2 by 2: cell (i, j) is element (i, j) of channel 2i + j.
  const Values x = {{1, 4, 2, 2}, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33}};
  expect_values("input x [1, 4, 2, 2]\ninput r [2, 5]\ny = position_roi_pool(x, r) cells=2\noutput y\n",
                {x, {{2, 5}, {0, 0, 0, 1, 1, 0, 5, 5, 6, 6}}}, {0, 11, 22, 33, 0, 0, 0, 0});
  // At half the size, the region of 4 by 2 pixels is 2 by 1 elements, of which each cell is half a row high.
  expect_values("input x [1, 4, 2, 2]\ninput r [1, 5]\ny = position_roi_pool(x, r) cells=2 scale=0.5\noutput y\n",
                {x, {{1, 5}, {0, 0, 0, 3, 1}}}, {0, 11, 20, 31});
  expect_values("input x [1, 4, 2, 2]\ninput r [1, 5]\ny = position_roi_pool(x, r) outputs=4\noutput y\n", {x, {{1, 5}, {0, 0, 0, 1, 1}}},
                {1.5, 11.5, 21.5, 31.5});
}

EXAMPLE("channels must be those of the outputs and cells") {
  expect_error("input x [1, 4, 2, 2]\ninput r [1, 5]\ny = position_roi_pool(x, r) outputs=2 cells=2\noutput y\n",
               "floating-point [N, 8, H, W] is wanted: 2 outputs of 2 by 2 cells");
}

}  // namespace ingot
