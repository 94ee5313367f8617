// cpu.pointwise: elementwise layers and fused chains, tile by tile in L1, with broadcasting in any mix of layouts.
#include "operators/pointwise.h"

#include "tactics/cpu/broadcast_kernel.h"

namespace ingot {
namespace {

Result<CompiledExpression> compile(const Problem& problem) {
  std::vector<DataType> types;
  for (const TensorType& input : problem.inputs) types.push_back(input.type);
  return CompiledExpression::compile(*problem.op, types, problem.outputs[0].type);
}

struct PointwiseTiles final : Tactic {
  std::string_view name() const override { return "cpu.pointwise"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pointwise*>(problem.op) || dynamic_cast<const Elementwise*>(problem.op),
             std::string(problem.op->name()) + " is no pointwise operator");
    for (size_t i = 0; i < problem.inputs.size(); ++i) REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
    TRY(accepts_broadcast(problem));
    auto compiled = compile(problem);
    if (!compiled.ok()) return std::move(compiled).error();
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return broadcast_formats(problem); }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(CompiledExpression expression, compile(problem));
    return broadcast_kernel(problem, std::move(expression));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override {
    auto compiled = compile(problem);
    return compiled.ok() ? broadcast_estimate_ms(problem, *compiled) : std::nullopt;
  }
};

}  // namespace

TACTIC(PointwiseTiles, cpu, pointwise)

}  // namespace ingot
