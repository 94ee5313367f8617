// cpu.slice: windows that are known when the engine is built, in any layout, forwards and backwards.
#include "operators/slice.h"

#include <algorithm>

#include "tactics/cpu/box_copies.h"

namespace ingot {
namespace {

// The slice with its constant inputs as fields; an error where an input that matters is no constant.
Result<Slice> fixed_slice(const Problem& problem) {
  Slice op = static_cast<const Slice&>(*problem.op);
  std::vector<int64_t>* fields[] = {&op.starts, &op.ends, &op.steps};
  for (size_t i = 1; i < problem.inputs.size() && i <= 3; ++i) {
    if (!is_present(problem, i)) continue;
    REQUIRES(is_constant(problem, i), "the window is known only at run time");
    *fields[i - 1] = problem.constants[i].integers();
  }
  return op;
}

struct SliceBox final : Tactic {
  std::string_view name() const override { return "cpu.slice"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Slice*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no slice");
    REQUIRES(op->mode == SliceMode::kDefault, "indices outside the input have a meaning");
    auto fixed = fixed_slice(problem);
    if (!fixed.ok()) return std::move(fixed).error();
    return accepts_boxes(problem, 1);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return mixed_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(const Slice op, fixed_slice(problem));
    return box_kernel(problem, [op](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape& output) -> Result<BoxCopies> {
      const Shape& shape = inputs[0];
      TRY_ASSIGN(const Slice::Window window, op.window(shape));
      BoxCopies copies;
      if (window.size != output) return internal("the slice gives " + to_text(window.size) + ", not " + to_text(output));
      if (std::count(output.begin(), output.end(), 0) > 0) return copies;
      Shape from = memory_strides(own.input_formats[0], shape);
      int64_t offset = 0;
      for (size_t d = 0; d < shape.size(); ++d) {
        int64_t last = 0;
        const bool fits =
            !__builtin_mul_overflow(window.size[d] - 1, window.step[d], &last) && !__builtin_add_overflow(last, window.start[d], &last);
        if (!fits || window.start[d] < 0 || window.start[d] >= shape[d] || last < 0 || last >= shape[d])
          return invalid("the slice leaves axis " + std::to_string(d) + " of " + to_text(shape));
        offset += window.start[d] * from[d];
        from[d] = window.size[d] == 1 ? 0 : from[d] * window.step[d];
      }
      TRY(copies.add(0, own.bytes, output, offset, from, 0, memory_strides(own.output_format, output)));
      return copies;
    });
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return box_estimate_ms(problem); }
};

}  // namespace

TACTIC(SliceBox, cpu, slice)

}  // namespace ingot
