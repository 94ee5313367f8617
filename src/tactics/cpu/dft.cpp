// cpu.dft: line by line through scratch of doubles.
#include "operators/dft.h"

#include <algorithm>

#include "tactics/cpu/fourier.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

// The input as [outer, own, inner, parts] and the output as [outer, kept, inner, its parts].
struct Lines {
  int64_t outer = 1, own = 1, inner = 1, parts = 1, kept = 1, output_parts = 2, length = 1;
};

int64_t axis_of(const Dft& op, const Shape& shape) { return normalize_axis(op.axis, static_cast<int64_t>(shape.size())).value_or(0); }

Lines lines_of(const Dft& op, const Shape& x, const Shape& y) {
  Lines lines;
  const auto axis = static_cast<size_t>(axis_of(op, x));
  for (size_t d = 0; d + 1 < x.size(); ++d) (d < axis ? lines.outer : d == axis ? lines.own : lines.inner) *= x[d];
  lines.parts = x.back();
  lines.kept = y[axis];
  lines.output_parts = y.back();
  const bool halves = op.onesided && !op.inverse;
  lines.length = op.length != -1 ? op.length : op.onesided && op.inverse ? 2 * (lines.own - 1) : lines.own;
  if (!halves) lines.length = lines.kept;
  return lines;
}

struct DftLines final : PlainTactic {
  std::string_view name() const override { return "cpu.dft"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Dft*>(problem.op), std::string(problem.op->name()) + " is no dft");
    REQUIRES(problem.inputs.size() == 1, "the length or the axis is a tensor");
    return accepts_plain_floats(problem, {0});
  }
  std::shared_ptr<const void> make_tables(const Operator& op, const std::vector<Shape>& inputs,
                                          const std::vector<Shape>& outputs) const override {
    const auto& own = static_cast<const Dft&>(op);
    return std::make_shared<FourierPlan>(std::max<int64_t>(1, lines_of(own, inputs[0], outputs[0]).length), own.inverse);
  }
  size_t workspace_bytes(const Operator& op, const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    const Lines lines = lines_of(static_cast<const Dft&>(op), inputs[0], outputs[0]);
    return static_cast<size_t>(PlainCall::parts_for(lines.outer * lines.inner, kCost * lines.length) * 4 * lines.length) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Dft>();
    const Lines lines = lines_of(op, call.inputs[0], call.outputs[0]);
    const int64_t n = lines.length, told = std::min(n, lines.own);
    if (n < 1) return invalid("the length is " + std::to_string(n) + "; it is positive");
    const auto& plan = *static_cast<const FourierPlan*>(call.tables);
    call.share(lines.outer * lines.inner, kCost * n, [&](int64_t first, int64_t last, int64_t part) {
      double* scratch = static_cast<double*>(call.workspace) + part * plan.scratch_doubles();
      for (int64_t line = first; line < last; ++line) {
        const int64_t row = line / lines.inner, column = line % lines.inner;
        const float* x = call.from<float>(0) + (row * lines.own * lines.inner + column) * lines.parts;
        for (int64_t i = 0; i < told; ++i) {
          const float* at = x + i * lines.inner * lines.parts;
          scratch[i] = at[0];
          scratch[n + i] = lines.parts == 2 ? at[1] : 0;
        }
        for (int64_t i = told; i < n; ++i) scratch[i] = scratch[n + i] = 0;
        // The half that is not told mirrors the other one.
        for (int64_t i = n / 2 + 1; op.onesided && op.inverse && i < n; ++i) {
          scratch[i] = scratch[n - i];
          scratch[n + i] = -scratch[n + n - i];
        }
        const double* result = plan.run(scratch);
        float* y = call.to<float>(0) + (row * lines.kept * lines.inner + column) * lines.output_parts;
        for (int64_t k = 0; k < lines.kept; ++k) {
          float* at = y + k * lines.inner * lines.output_parts;
          at[0] = static_cast<float>(result[k]);
          if (lines.output_parts == 2) at[1] = static_cast<float>(result[n + k]);
        }
      }
    });
    return Ok{};
  }

 private:
  static constexpr int64_t kCost = 16;  // elements that one of a line is worth, by its time
};

}  // namespace

TACTIC(DftLines, cpu, dft)

}  // namespace ingot
