// cpu.range: start + i * delta, each by its own place, so that threads share them.
#include "operators/range.h"

#include <cmath>

#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/told_shape.h"

namespace ingot {
namespace {

struct RangeSteps final : PlainTactic {
  std::string_view name() const override { return "cpu.range"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Range*>(problem.op), std::string(problem.op->name()) + " is no range");
    const DataType type = problem.outputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kInt32 || type == DataType::kInt64,
             std::string(name_of(type)) + " is neither float, int32 nor int64");
    return all_linear(problem);
  }
  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const DataType type = call.output_types[0].type;
    for (size_t i = 0; i < 3; ++i) {
      if (volume(call.inputs[i]).value_or(0) != 1)
        return invalid("start, limit and delta are one element each; got " + to_text(call.inputs[i]));
    }
    const LineLoops& loops = line_loops();
    if (type == DataType::kFloat) {
      const double start = call.from<float>(0)[0], limit = call.from<float>(1)[0], delta = call.from<float>(2)[0];
      TRY_ASSIGN(const int64_t count, Range::count_between(start, limit, delta));
      TRY(tell_count(call, count));
      call.share(count, 1, [&](int64_t first, int64_t last) { loops.steps(start, delta, first, call.to<float>(0) + first, last - first); });
      return Ok{};
    }
    const int64_t start = call.integer(0, 0), delta = call.integer(2, 0);
    TRY_ASSIGN(const int64_t count, Range::count_between(start, call.integer(1, 0), delta));
    TRY(tell_count(call, count));
    call.share(count, 1, [&](int64_t first, int64_t last) {
      if (type == DataType::kInt64)
        loops.whole_steps(start, delta, first, call.to<int64_t>(0) + first, last - first);
      else
        loops.short_steps(start, delta, first, call.to<int32_t>(0) + first, last - first);
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(RangeSteps, cpu, range)

}  // namespace ingot
