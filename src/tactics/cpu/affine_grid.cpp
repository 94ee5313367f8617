// cpu.affine_grid: what the outer axes add is found once a row.
#include "operators/affine_grid.h"

#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct AffineGridRows final : PlainTactic {
  std::string_view name() const override { return "cpu.affine_grid"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const AffineGrid*>(problem.op), std::string(problem.op->name()) + " is no affine_grid");
    return accepts_plain_floats(problem, {0});
  }

  // Positions along the innermost axis.
  size_t workspace_bytes(const Operator&, const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    return static_cast<size_t>(outputs[0][outputs[0].size() - 2]) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const Shape& grid = call.outputs[0];  // [N, spatial..., axes]
    const int64_t axes = grid.back(), columns = grid[grid.size() - 2];
    const bool align = call.as<AffineGrid>().align_corners;
    const auto position = [&](int64_t index, int64_t length) {
      if (align) return length > 1 ? 2.0 * static_cast<double>(index) / static_cast<double>(length - 1) - 1 : -1.0;
      return (2.0 * static_cast<double>(index) + 1) / static_cast<double>(length) - 1;
    };
    int64_t rows = 1;
    for (size_t d = 0; d + 2 < grid.size(); ++d) rows *= grid[d];
    auto* across = static_cast<double*>(call.workspace);
    for (int64_t column = 0; column < columns; ++column) across[column] = position(column, columns);
    const LineLoops& loops = line_loops();
    call.share(columns == 0 ? 0 : rows, columns * axes, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        // The axes but for the innermost, from the inside: y, z.
        double outer[2] = {0, 0};
        int64_t rest = row;
        for (int64_t i = 0; i + 1 < axes; ++i) {
          const int64_t length = grid[static_cast<size_t>(axes - 1 - i)];
          outer[i] = position(rest % length, length);
          rest /= length;
        }
        const float* theta = call.from<float>(0) + rest * axes * (axes + 1);
        double base[3], slope[3];
        for (int64_t k = 0; k < axes; ++k) {
          const float* line = theta + k * (axes + 1);
          slope[k] = line[0];
          base[k] = line[axes];
          for (int64_t i = 0; i + 1 < axes; ++i) base[k] += static_cast<double>(line[i + 1]) * outer[i];
        }
        float* y = call.to<float>(0) + row * columns * axes;
        if (axes == 2) {
          loops.pairs(across, base, slope, y, columns);
          continue;
        }
        for (int64_t column = 0; column < columns; ++column) {
          for (int64_t k = 0; k < axes; ++k) *y++ = static_cast<float>(base[k] + slope[k] * across[column]);
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(AffineGridRows, cpu, affine_grid)

}  // namespace ingot
