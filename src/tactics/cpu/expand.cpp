// cpu.expand: broadcasts and tilings; a source that repeats has a stride of 0.
#include "operators/expand.h"

#include "operators/tile.h"
#include "tactics/cpu/box_copies.h"

namespace ingot {
namespace {

struct ExpandBoxes final : Tactic {
  std::string_view name() const override { return "cpu.expand"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Expand*>(problem.op) || dynamic_cast<const Tile*>(problem.op),
             std::string(problem.op->name()) + " is neither expand nor tile");
    return accepts_boxes(problem, 1);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return mixed_formats(problem); }

  // The output's dims tell how often each axis repeats, so the values of a second input do not matter.
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return box_kernel(problem, [](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape& output) -> Result<BoxCopies> {
      const Shape &shape = inputs[0], from = memory_strides(own.input_formats[0], shape), to = memory_strides(own.output_format, output);
      const size_t skipped = output.size() - shape.size();
      Shape sizes, from_steps, to_steps;
      const auto add_dim = [&](int64_t size, int64_t from_step, int64_t to_step) {
        sizes.push_back(size);
        from_steps.push_back(from_step);
        to_steps.push_back(to_step);
      };
      for (size_t d = 0; d < output.size(); ++d) {
        const int64_t length = d < skipped ? 1 : shape[d - skipped];
        if (length == 0 || output[d] == 0) return BoxCopies{};
        if (output[d] % length)
          return internal("axis " + std::to_string(d) + " of " + to_text(output) + " does not repeat " + to_text(shape));
        add_dim(output[d] / length, 0, to[d] * length);
        add_dim(length, d < skipped ? 0 : from[d - skipped], to[d]);
      }
      BoxCopies copies;
      TRY(copies.add(0, own.bytes, sizes, 0, from_steps, 0, to_steps));
      return copies;
    });
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return box_estimate_ms(problem); }
};

}  // namespace

TACTIC(ExpandBoxes, cpu, expand)

}  // namespace ingot
