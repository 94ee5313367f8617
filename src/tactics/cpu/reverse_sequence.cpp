// cpu.reverse_sequence: rows of what lies inside of both axes, each from its place before.
#include "operators/reverse_sequence.h"

#include <algorithm>
#include <cstring>

#include "operators/moving.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

// The tensor as [before, outer axis, between, inner axis, after].
struct TwoAxes {
  int64_t before = 1, outer = 1, between = 1, inner = 1, after = 1;

  TwoAxes(const Shape& shape, size_t outer_axis, size_t inner_axis) {
    for (size_t d = 0; d < shape.size(); ++d)
      (d < outer_axis ? before : d == outer_axis ? outer : d < inner_axis ? between : d == inner_axis ? inner : after) *= shape[d];
  }
};

struct ReverseSequenceRows final : PlainTactic {
  std::string_view name() const override { return "cpu.reverse_sequence"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const ReverseSequence*>(problem.op), std::string(problem.op->name()) + " is no reverse_sequence");
    return accepts_plain_move(problem);
  }

  // The step that step `t` of a sequence of `length` is read from.
  static int64_t source(int64_t t, int64_t length) { return t < length ? length - 1 - t : t; }

  template <class T>
  static void rows(const PlainCall& call, const TwoAxes& axes, bool time_first, int64_t first, int64_t last) {
    const int64_t plane = axes.between * axes.inner * axes.after;
    const size_t row_bytes = static_cast<size_t>(axes.after) * sizeof(T);
    for (int64_t unit = first; unit < last; ++unit) {
      const int64_t before = unit / axes.outer, outer = unit % axes.outer;
      const T* x = call.from<T>(0) + before * axes.outer * plane;
      T* y = call.to<T>(0) + unit * plane;
      for (int64_t between = 0; between < axes.between; ++between) {
        for (int64_t inner = 0; inner < axes.inner; ++inner, y += axes.after) {
          const int64_t step = source(time_first ? outer : inner, call.integer(1, time_first ? inner : outer));
          const int64_t from_outer = time_first ? step : outer, from_inner = time_first ? inner : step;
          const T* from = x + from_outer * plane + (between * axes.inner + from_inner) * axes.after;
          if (axes.after == 1)
            *y = *from;
          else
            std::memcpy(y, from, row_bytes);
        }
      }
    }
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<ReverseSequence>();
    const Shape& shape = call.inputs[0];
    TRY_ASSIGN(const int64_t batch, normalize_axis(op.batch_axis, static_cast<int64_t>(shape.size())));
    TRY_ASSIGN(const int64_t time, normalize_axis(op.time_axis, static_cast<int64_t>(shape.size())));
    const int64_t batches = shape[static_cast<size_t>(batch)], steps = shape[static_cast<size_t>(time)];
    if (!call.has_shape(1, {batches})) return invalid("the number of lengths is not that of batches");
    for (int64_t i = 0; i < batches; ++i) {
      const int64_t length = call.integer(1, i);
      if (length < 0 || length > steps)
        return invalid("length " + std::to_string(length) + " of batch " + std::to_string(i) + " is not within the " +
                       std::to_string(steps) + " steps");
    }
    const TwoAxes axes(shape, static_cast<size_t>(std::min(batch, time)), static_cast<size_t>(std::max(batch, time)));
    const int64_t plane = axes.between * axes.inner * axes.after;
    with_element_of(call.types[0].type, [&](auto element) {
      call.share(plane == 0 ? 0 : axes.before * axes.outer, plane,
                 [&](int64_t first, int64_t last) { rows<decltype(element)>(call, axes, time < batch, first, last); });
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(ReverseSequenceRows, cpu, reverse_sequence)

}  // namespace ingot
