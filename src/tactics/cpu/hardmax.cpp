// cpu.hardmax: zeros, and a one where each line is largest.
#include "operators/hardmax.h"

#include <cstring>

#include "operators/axis_walk.h"
#include "tactics/cpu/place_of_best.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct HardmaxLines final : PlainTactic {
  std::string_view name() const override { return "cpu.hardmax"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Hardmax*>(problem.op), std::string(problem.op->name()) + " is no hardmax");
    return accepts_plain_floats(problem, {0});
  }

  Status run(const PlainCall& call) const override {
    TRY_ASSIGN(const int64_t axis, normalize_axis(call.as<Hardmax>().axis, static_cast<int64_t>(call.inputs[0].size())));
    const AxisLines lines(call.inputs[0], axis);
    const int64_t step = lines.after_count, block = lines.length * step;
    const auto* x = call.from<float>(0);
    auto* y = call.to<float>(0);
    if (block == 0) return Ok{};
    const RowKernels& kernels = row_kernels();
    const LineLoops& loops = line_loops();
    call.share(lines.before_count, block, [&](int64_t first, int64_t last) {
      std::memset(y + first * block, 0, static_cast<size_t>((last - first) * block) * sizeof(float));
      for (int64_t before = first; before < last; ++before) {
        for (int64_t after = 0; after < step; ++after) {
          const float* line = x + before * block + after;
          float most = line[0];
          int64_t best = step == 1 ? place_of_best(kernels, loops, line, lines.length, false, &most) : -1;
          if (best >= 0) {
            y[before * block + best] = 1;
            continue;
          }
          best = 0;
          for (int64_t k = 1; k < lines.length; ++k) {
            if (line[k * step] > most) most = line[k * step], best = k;
          }
          y[before * block + after + best * step] = 1;
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(HardmaxLines, cpu, hardmax)

}  // namespace ingot
