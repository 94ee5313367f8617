// cpu.pad: each axis is cut into stretches of x, of its edge, of its mirror image or of the value; their products are boxes.
#include "operators/pad.h"

#include <algorithm>
#include <cstring>

#include "tactics/cpu/box_copies.h"

namespace ingot {
namespace {

constexpr size_t kMostBoxes = 4096;

// Output positions [to, to + count) read from, from + step, ... of x; step 0 with `fill` stands for the value.
struct Stretch {
  int64_t to, count, from, step;
  bool fill;
};

// Where output position i (counted from the start of x) reads along an axis of `length`; -1 for the value.
int64_t source_of(PadMode mode, int64_t i, int64_t length) {
  if (i >= 0 && i < length) return i;
  switch (mode) {
    case PadMode::kConstant: return -1;
    case PadMode::kEdge: return std::clamp<int64_t>(i, 0, length - 1);
    case PadMode::kWrap: return (i % length + length) % length;
    case PadMode::kReflect: {
      if (length == 1) return 0;
      const int64_t period = 2 * (length - 1), at = (i % period + period) % period;
      return at < length ? at : period - at;
    }
  }
  return -1;
}

std::vector<Stretch> stretches(PadMode mode, int64_t before, int64_t length, int64_t output) {
  std::vector<Stretch> result;
  for (int64_t i = 0; i < output; ++i) {
    const int64_t from = source_of(mode, i - before, length);
    Stretch* last = result.empty() ? nullptr : &result.back();
    if (last && last->fill == (from < 0) && (from < 0 || last->count == 1 || from == last->from + last->count * last->step)) {
      if (last->count == 1 && from >= 0) last->step = from - last->from;
      // A stretch of two goes forwards, backwards or stays.
      if (from < 0 || (last->step >= -1 && last->step <= 1)) {
        ++last->count;
        continue;
      }
      last->step = 0;
    }
    result.push_back({i, 1, std::max<int64_t>(from, 0), 0, from < 0});
  }
  return result;
}

Result<Pad> fixed_pad(const Problem& problem) {
  Pad op = static_cast<const Pad&>(*problem.op);
  if (is_present(problem, 1)) {
    REQUIRES(is_constant(problem, 1), "the pads are known only at run time");
    op.pads = problem.constants[1].integers();
  }
  if (is_present(problem, 2)) {
    REQUIRES(is_constant(problem, 2), "the value is known only at run time");
    op.value = problem.constants[2].number(0);
  }
  REQUIRES(op.pads.size() == 2 * static_cast<size_t>(problem.inputs[0].rank()), "the pads are not two a dim");
  return op;
}

struct PadBoxes final : Tactic {
  std::string_view name() const override { return "cpu.pad"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pad*>(problem.op), std::string(problem.op->name()) + " is no pad");
    auto fixed = fixed_pad(problem);
    if (!fixed.ok()) return std::move(fixed).error();
    REQUIRES(fixed->mode == PadMode::kConstant || fixed->mode == PadMode::kEdge || all_constant(problem.inputs[0].dims),
             "how often the input repeats is known only at run time");
    return accepts_boxes(problem, 1);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return mixed_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(const Pad op, fixed_pad(problem));
    const Array value = is_present(problem, 2) ? problem.constants[2] : Array::scalar(problem.inputs[0].type, op.value);
    return box_kernel(problem,
                      [op, value](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape& output) -> Result<BoxCopies> {
                        const Shape &shape = inputs[0], from = memory_strides(own.input_formats[0], shape),
                                    to = memory_strides(own.output_format, output);
                        std::vector<std::vector<Stretch>> axes;
                        Shape counts;
                        size_t boxes = 1;
                        for (size_t d = 0; d < shape.size(); ++d) {
                          axes.push_back(stretches(op.mode, op.pads[d], shape[d], output[d]));
                          counts.push_back(static_cast<int64_t>(axes.back().size()));
                          boxes *= axes.back().size();
                          if (boxes > kMostBoxes) return unsupported("the padding repeats the input too often");
                        }
                        BoxCopies copies;
                        for (IndexWalk walk(counts); !walk.done(); walk.next()) {
                          Shape sizes, from_steps;
                          int64_t from_offset = 0, to_offset = 0;
                          bool fill = false;
                          for (size_t d = 0; d < shape.size(); ++d) {
                            const Stretch& stretch = axes[d][static_cast<size_t>(walk.index()[d])];
                            sizes.push_back(stretch.count);
                            from_steps.push_back(stretch.step * from[d]);
                            from_offset += stretch.from * from[d];
                            to_offset += stretch.to * to[d];
                            fill = fill || stretch.fill;
                          }
                          if (fill)
                            TRY(copies.add_fill(value.data(), own.bytes, sizes, to_offset, to));
                          else
                            TRY(copies.add(0, own.bytes, sizes, from_offset, from_steps, to_offset, to));
                        }
                        return copies;
                      });
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return box_estimate_ms(problem); }
};

}  // namespace

TACTIC(PadBoxes, cpu, pad)

}  // namespace ingot
