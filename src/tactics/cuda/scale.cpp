// cuda.scale: x * scale + shift, to a power where there is one, as a generated function.
#include "operators/scale.h"

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/pointwise_kernel.h"

namespace ingot::cuda {
namespace {

Result<std::string> function_of(const Problem& problem) {
  Expression expression;
  int32_t value = Expression::input(0);
  const auto present = [&](size_t input) { return input < problem.inputs.size() && is_present(problem, input); };
  const auto parameter = [&](size_t index) {
    if (problem.inputs[index].type == problem.inputs[0].type) return Expression::input(static_cast<int>(index));
    const int32_t node = expression.add(ScalarOp::kCast, Expression::input(static_cast<int>(index)));
    expression.nodes.back().to = problem.inputs[0].type;
    return node;
  };
  if (present(1)) value = expression.add(ScalarOp::kMul, value, parameter(1));
  if (present(2)) value = expression.add(ScalarOp::kAdd, value, parameter(2));
  if (present(3)) value = expression.add(ScalarOp::kPow, value, parameter(3));
  if (value < 0) expression.add(ScalarOp::kIdentity, value);
  std::vector<DataType> types;
  for (size_t i = 0; i < problem.inputs.size(); ++i) types.push_back(present(i) ? problem.inputs[i].type : problem.inputs[0].type);
  return expression_function("compute", expression, types, problem.outputs[0].type);
}

struct ScaleGenerated final : CudaTactic {
  std::string_view name() const override { return "cuda.scale"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Scale*>(problem.op), std::string(problem.op->name()) + " is no scale");
    TRY(accepts_pointwise(problem));
    for (size_t i = 1; i < problem.inputs.size(); ++i) REQUIRES(input_format(problem, i) == Format::kLinear, "parameters are not linear");
    auto function = function_of(problem);
    if (!function.ok()) return std::move(function).error();
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    std::vector<Formats> result = pointwise_formats(problem);
    for (Formats& formats : result) {
      for (size_t i = 1; i < formats.inputs.size(); ++i) formats.inputs[i] = Format::kLinear;
    }
    return result;
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(std::string function, function_of(problem));
    const int64_t axis = static_cast<const Scale&>(*problem.op).axis;
    return pointwise_kernel(problem, std::move(function), [axis](size_t index, const Shape& own, const Shape& output) {
      if (index == 0) return own;
      if (own.empty() || (own.size() == 1 && own[0] == 1)) return Shape{};
      // One value a channel, or one for each element behind the axis, which NumPy's rule aligns by itself.
      if (own.size() != 1 || axis + 1 == static_cast<int64_t>(output.size())) return own;
      Shape shape(output.size(), 1);
      shape[static_cast<size_t>(axis)] = own[0];
      return shape;
    });
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ScaleGenerated, cuda, scale)
}  // namespace ingot
