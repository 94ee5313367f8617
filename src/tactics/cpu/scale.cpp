// cpu.scale: x * scale + shift, to a power where there is one, as an expression over tiles.
#include "operators/scale.h"

#include "tactics/cpu/broadcast_kernel.h"

namespace ingot {
namespace {

Result<CompiledExpression> compile(const Problem& problem) {
  Expression expression;
  int32_t value = Expression::input(0);
  const auto parameter = [&](size_t index) {
    if (problem.inputs[index].type == problem.inputs[0].type) return Expression::input(static_cast<int>(index));
    const int32_t node = expression.add(ScalarOp::kCast, Expression::input(static_cast<int>(index)));
    expression.nodes.back().to = problem.inputs[0].type;
    return node;
  };
  if (is_present(problem, 1)) value = expression.add(ScalarOp::kMul, value, parameter(1));
  if (is_present(problem, 2)) value = expression.add(ScalarOp::kAdd, value, parameter(2));
  if (is_present(problem, 3)) {
    const double power = is_constant(problem, 3) && problem.constants[3].count() == 1 ? problem.constants[3].number(0) : 0;
    if (power == 2)
      value = expression.add(ScalarOp::kMul, value, value);
    else if (power != 1)
      value = expression.add(ScalarOp::kPow, value, parameter(3));
  }
  if (value < 0) expression.add(ScalarOp::kIdentity, value);
  std::vector<DataType> types;
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    types.push_back(is_present(problem, i) ? problem.inputs[i].type : problem.inputs[0].type);
  return CompiledExpression::compile(expression, types, problem.outputs[0].type);
}

struct ScaleTiles final : Tactic {
  std::string_view name() const override { return "cpu.scale"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Scale*>(problem.op), std::string(problem.op->name()) + " is no scale");
    for (size_t i = 1; i < problem.inputs.size(); ++i) REQUIRES(input_format(problem, i) == Format::kLinear, "parameters are not linear");
    TRY(accepts_broadcast(problem));
    auto compiled = compile(problem);
    if (!compiled.ok()) return std::move(compiled).error();
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result = broadcast_formats(problem);
    for (Formats& formats : result)
      for (size_t i = 1; i < formats.inputs.size(); ++i) formats.inputs[i] = Format::kLinear;
    return result;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(CompiledExpression expression, compile(problem));
    const int64_t axis = static_cast<const Scale&>(*problem.op).axis;
    return broadcast_kernel(problem, std::move(expression), [axis](size_t index, const Shape& own, const Shape& output) {
      if (index == 0) return own;
      if (own.empty() || (own.size() == 1 && own[0] == 1)) return Shape{};
      // One value a channel, or one for each element behind the axis, which NumPy's rule aligns by itself.
      if (own.size() != 1 || axis + 1 == static_cast<int64_t>(output.size())) return own;
      Shape shape(output.size(), 1);
      shape[static_cast<size_t>(axis)] = own[0];
      return shape;
    });
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    auto compiled = compile(problem);
    return compiled.ok() ? broadcast_estimate_ms(problem, *compiled) : std::nullopt;
  }
};

}  // namespace

TACTIC(ScaleTiles, cpu, scale)

}  // namespace ingot
