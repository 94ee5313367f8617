// cpu.quantize: quantize and dequantize with one scale for all or one a slice, as expressions over tiles.
#include "operators/quantize.h"

#include "operators/dequantize.h"
#include "tactics/cpu/broadcast_kernel.h"

namespace ingot {
namespace {

struct Parts {
  int64_t axis = 0, block_size = 0;
  DataType to = DataType::kInt8;
  bool quantizes = true;
  bool saturate = true;
};

Result<Parts> parts_of(const Operator& op) {
  if (const auto* quantize = dynamic_cast<const Quantize*>(&op))
    return Parts{quantize->axis, quantize->block_size, quantize->to, true, quantize->saturate};
  if (const auto* dequantize = dynamic_cast<const Dequantize*>(&op))
    return Parts{dequantize->axis, dequantize->block_size, dequantize->to, false, true};
  return unsupported(std::string(op.name()) + " is neither quantize nor dequantize");
}

Result<CompiledExpression> compile(const Problem& problem, const Parts& parts) {
  Expression expression;
  const auto cast = [&](int32_t operand, DataType to) {
    const int32_t node = expression.add(ScalarOp::kCast, operand);
    expression.nodes.back().to = to;
    return node;
  };
  const bool has_zero = is_present(problem, 2) && !is_floating(problem.inputs[2].type);
  const auto wide_of = [&](size_t input) {
    const int32_t operand = Expression::input(static_cast<int>(input));
    return problem.inputs[input].type == DataType::kFloat ? operand : cast(operand, DataType::kFloat);
  };
  const int32_t wide = wide_of(0), step = wide_of(1);
  if (parts.quantizes) {
    int32_t value = expression.add(ScalarOp::kDiv, wide, step);
    if (!is_floating(parts.to)) {
      value = expression.add(ScalarOp::kRound, value);
      if (has_zero) {
        value = expression.add(ScalarOp::kAdd, value, wide_of(2));
        value = expression.add(ScalarOp::kRound, value);  // whole already; it says so to the cast
      }
    }
    cast(value, parts.to);
  } else {
    int32_t value = wide;
    if (has_zero) value = expression.add(ScalarOp::kSub, value, wide_of(2));
    value = expression.add(ScalarOp::kMul, value, step);
    if (parts.to != DataType::kFloat) cast(value, parts.to);
  }
  std::vector<DataType> types;
  for (size_t i = 0; i < problem.inputs.size(); ++i) types.push_back(is_present(problem, i) ? problem.inputs[i].type : DataType::kFloat);
  return CompiledExpression::compile(expression, types, parts.to);
}

struct QuantizeTiles final : Tactic {
  std::string_view name() const override { return "cpu.quantize"; }

  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const Parts parts, parts_of(*problem.op));
    REQUIRES(parts.block_size == 0, "scales stand for blocks");
    REQUIRES(parts.saturate, "out-of-range values do not saturate");
    REQUIRES(problem.inputs[0].type != DataType::kDouble && problem.inputs[1].type != DataType::kDouble && parts.to != DataType::kDouble,
             "doubles lose digits");
    REQUIRES(problem.inputs[0].type != DataType::kInt32 || !is_present(problem, 2), "a zero point of 32 bits loses digits");
    for (size_t i = 1; i < problem.inputs.size(); ++i) REQUIRES(input_format(problem, i) == Format::kLinear, "scales are not linear");
    TRY(accepts_broadcast(problem));
    auto compiled = compile(problem, parts);
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
    TRY_ASSIGN(const Parts parts, parts_of(*problem.op));
    TRY_ASSIGN(CompiledExpression expression, compile(problem, parts));
    // One value, or one for each slice along the axis.
    return broadcast_kernel(problem, std::move(expression), [parts](size_t index, const Shape& own, const Shape& output) {
      if (index == 0) return own;
      const int64_t count = own.size() == 1 ? own[0] : 1;
      if (count == 1) return Shape{};
      Shape shape(output.size(), 1);
      shape[static_cast<size_t>(parts.axis < 0 ? parts.axis + static_cast<int64_t>(output.size()) : parts.axis)] = count;
      return shape;
    });
  }

  std::optional<double> estimate_ms(const Problem& problem) const override {
    auto parts = parts_of(*problem.op);
    if (!parts.ok()) return std::nullopt;
    auto compiled = compile(problem, *parts);
    return compiled.ok() ? broadcast_estimate_ms(problem, *compiled) : std::nullopt;
  }
};

}  // namespace

TACTIC(QuantizeTiles, cpu, quantize)

}  // namespace ingot
