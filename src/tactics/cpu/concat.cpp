// cpu.concat: each input is a box of the output; each may lie in its own layout.
#include "operators/concat.h"

#include "tactics/cpu/box_copies.h"

namespace ingot {
namespace {

struct ConcatBoxes final : Tactic {
  std::string_view name() const override { return "cpu.concat"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Concat*>(problem.op), std::string(problem.op->name()) + " is no concatenation");
    return accepts_boxes(problem, problem.inputs.size());
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(const int64_t along, normalize_axis(static_cast<const Concat&>(*problem.op).axis, problem.outputs[0].rank()));
    const auto axis = static_cast<size_t>(along);
    return box_kernel(problem, [axis](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape& output) -> Result<BoxCopies> {
      const Shape to = memory_strides(own.output_format, output);
      BoxCopies copies;
      int64_t at = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        TRY(copies.add(i, own.bytes, inputs[i], 0, memory_strides(own.input_formats[i], inputs[i]), at * to[axis], to));
        at += inputs[i][axis];
      }
      return copies;
    });
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return box_estimate_ms(problem); }
};

}  // namespace

TACTIC(ConcatBoxes, cpu, concat)

}  // namespace ingot
