// cpu.linspace: what the outer dimensions add is found once a row.
#include "operators/linspace.h"

#include <algorithm>

#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/told_shape.h"

namespace ingot {
namespace {

struct LinspaceRows final : PlainTactic {
  std::string_view name() const override { return "cpu.linspace"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Linspace*>(problem.op), std::string(problem.op->name()) + " is no linspace");
    const DataType type = problem.outputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kInt32 || type == DataType::kInt64,
             std::string(name_of(type)) + " is neither float, int32 nor int64");
    for (size_t i = 1; i < problem.inputs.size(); ++i)
      REQUIRES(!is_present(problem, i) || problem.inputs[i].type == type,
               "start or delta is " + std::string(name_of(problem.inputs[i].type)));
    return all_linear(problem);
  }
  bool tells_shapes() const override { return true; }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Linspace>();
    const auto is_given = [&](size_t i) { return i < call.inputs.size() && call.in[i]; };
    if (is_given(0)) TRY(tell_shape_from(call, 0));
    const Shape& shape = call.produced[0];
    TRY_ASSIGN(const int64_t total, volume(shape));
    if (total == 0) return Ok{};
    const int64_t columns = shape.empty() ? 1 : shape.back(), rows = total / columns;
    const LineLoops& loops = line_loops();
    const auto fill = [&](auto element, auto start, auto step_of, auto put) {
      using T = decltype(element);
      using Sum = decltype(start);
      constexpr int64_t kPiece = 16 * 1024;
      const int64_t pieces = (columns + kPiece - 1) / kPiece;
      call.share(rows * pieces, std::min(columns, kPiece), [&](int64_t from, int64_t to) {
        for (int64_t unit = from; unit < to; ++unit) {
          const int64_t row = unit / pieces, first = unit % pieces * kPiece, count = std::min(kPiece, columns - first);
          Sum sum = start;
          int64_t below = rows;
          for (size_t d = 0; d + 1 < shape.size(); ++d) {
            below /= shape[d];
            sum += static_cast<Sum>(row / below % shape[d]) * static_cast<Sum>(step_of(d));
          }
          const Sum step = shape.empty() ? Sum{} : static_cast<Sum>(step_of(shape.size() - 1));
          put(sum, step, first, call.to<T>(0) + row * columns + first, count);
        }
      });
    };
    const DataType type = call.output_types[0].type;
    if (type == DataType::kFloat) {
      fill(
          float{}, is_given(1) ? static_cast<double>(call.from<float>(1)[0]) : op.start,
          [&](size_t d) { return is_given(2) ? static_cast<double>(call.from<float>(2)[d]) : op.delta; }, loops.steps);
      return Ok{};
    }
    const bool is_wide = type == DataType::kInt64;
    const int64_t start = is_given(1) ? call.integer(1, 0) : is_wide ? op.int_start : static_cast<int64_t>(op.start);
    const auto step_of = [&](size_t d) {
      return is_given(2) ? call.integer(2, static_cast<int64_t>(d)) : is_wide ? op.int_delta : static_cast<int64_t>(op.delta);
    };
    // Sums wrap around like the types do.
    const auto put = [&](auto whole_steps) {
      return [whole_steps](uint64_t sum, uint64_t step, int64_t first, auto* y, int64_t count) {
        whole_steps(static_cast<int64_t>(sum), static_cast<int64_t>(step), first, y, count);
      };
    };
    if (is_wide)
      fill(int64_t{}, static_cast<uint64_t>(start), step_of, put(loops.whole_steps));
    else
      fill(int32_t{}, static_cast<uint64_t>(start), step_of, put(loops.short_steps));
    return Ok{};
  }
};

}  // namespace

TACTIC(LinspaceRows, cpu, linspace)

}  // namespace ingot
