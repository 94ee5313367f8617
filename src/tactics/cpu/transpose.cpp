// cpu.transpose: any permutation between linear and channels-last tensors.
#include "operators/transpose.h"

#include "tactics/cpu/box_copies.h"

namespace ingot {
namespace {

struct TransposeBoxes final : Tactic {
  std::string_view name() const override { return "cpu.transpose"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Transpose*>(problem.op), std::string(problem.op->name()) + " is no transpose");
    return accepts_boxes(problem, 1);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return mixed_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(auto permutation, static_cast<const Transpose&>(*problem.op).resolve(problem.inputs[0].rank()));
    return box_kernel(problem,
                      [permutation](const BoxProblem& own, const std::vector<Shape>& inputs, const Shape& output) -> Result<BoxCopies> {
                        const Shape strides = memory_strides(own.input_formats[0], inputs[0]);
                        Shape from;
                        for (int64_t axis : permutation) from.push_back(strides[static_cast<size_t>(axis)]);
                        BoxCopies copies;
                        TRY(copies.add(0, own.bytes, output, 0, from, 0, memory_strides(own.output_format, output)));
                        return copies;
                      });
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return box_estimate_ms(problem); }
};

}  // namespace

TACTIC(TransposeBoxes, cpu, transpose)

}  // namespace ingot
