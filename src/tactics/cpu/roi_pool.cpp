// cpu.roi_pool: the largest element of each cell, channel by channel; the cells' edges are found once a region.
#include "operators/roi_pool.h"

#include <algorithm>
#include <cmath>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr int64_t kMostCells = 64;  // along a side

struct Span {
  int32_t first = 0, end = 0;
};

// Cell `i` of `cells` between two edges, inside of `most` elements.
Span span_of(int64_t i, int64_t cells, int64_t low, int64_t high, int64_t most) {
  const double size = static_cast<double>(std::max<int64_t>(high - low + 1, 1)) / static_cast<double>(cells);
  const auto first = low + static_cast<int64_t>(std::floor(static_cast<double>(i) * size));
  const auto end = low + static_cast<int64_t>(std::ceil(static_cast<double>(i + 1) * size));
  return {static_cast<int32_t>(std::clamp<int64_t>(first, 0, most)), static_cast<int32_t>(std::clamp<int64_t>(end, 0, most))};
}

struct RoiPoolCells final : PlainTactic {
  std::string_view name() const override { return "cpu.roi_pool"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const RoiPool*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no roi_pool");
    REQUIRES(op->height <= kMostCells && op->width <= kMostCells, "there are more than 64 cells along a side");
    return accepts_plain_floats(problem, {0, 1});
  }

  static void region(const PlainCall& call, int64_t r) {
    const auto& op = call.as<RoiPool>();
    const int64_t channels = call.inputs[0][1], rows = call.inputs[0][2], columns = call.inputs[0][3];
    const float* at = call.from<float>(1) + 5 * r;
    // Coordinates far outside are as good as ones just outside, and fit into integers.
    const auto edge = [&](int k) {
      const double place = std::round(static_cast<double>(at[k]) * op.scale);
      return static_cast<int64_t>(std::clamp(std::isnan(place) ? 0.0 : place, -1e9, 1e9));
    };
    Span down[kMostCells], across[kMostCells];
    for (int64_t i = 0; i < op.height; ++i) down[i] = span_of(i, op.height, edge(2), edge(4), rows);
    for (int64_t j = 0; j < op.width; ++j) across[j] = span_of(j, op.width, edge(1), edge(3), columns);
    const float* x = call.from<float>(0) + static_cast<int64_t>(at[0]) * channels * rows * columns;
    float* y = call.to<float>(0) + r * channels * op.height * op.width;
    for (int64_t c = 0; c < channels; ++c, x += rows * columns) {
      for (int64_t i = 0; i < op.height; ++i) {
        for (int64_t j = 0; j < op.width; ++j) {
          float most = down[i].first < down[i].end && across[j].first < across[j].end ? -INFINITY : 0;
          for (int64_t row = down[i].first; row < down[i].end; ++row) {
            const float* line = x + row * columns;
            for (int64_t k = across[j].first; k < across[j].end; ++k) most = line[k] > most ? line[k] : most;
          }
          *y++ = most;
        }
      }
    }
  }

  Status run(const PlainCall& call) const override {
    const int64_t count = call.inputs[1][0], batches = call.inputs[0][0];
    for (int64_t r = 0; r < count; ++r) {
      const float batch = call.from<float>(1)[5 * r];
      if (!(batch >= 0 && batch < static_cast<float>(batches)))
        return invalid("region " + std::to_string(r) + " is of batch " + std::to_string(static_cast<double>(batch)) + ", but there are " +
                       std::to_string(batches));
    }
    call.share(count, call.inputs[0][1] * 256, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) region(call, r);
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RoiPoolCells, cpu, roi_pool)

}  // namespace ingot
