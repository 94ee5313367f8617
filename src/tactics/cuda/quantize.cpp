// cuda.quantize: quantize and dequantize with one scale for all or one a slice, as generated functions.
#include "operators/quantize.h"

#include "operators/dequantize.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/pointwise_kernel.h"

namespace ingot::cuda {
namespace {

struct Parts {
  int64_t axis = 0, block_size = 0;
  bool quantizes = true, saturate = true;
};

Result<Parts> parts_of(const Operator& op) {
  if (const auto* quantize = dynamic_cast<const Quantize*>(&op))
    return Parts{quantize->axis, quantize->block_size, true, quantize->saturate};
  if (const auto* dequantize = dynamic_cast<const Dequantize*>(&op)) return Parts{dequantize->axis, dequantize->block_size, false, true};
  return unsupported(std::string(op.name()) + " is neither quantize nor dequantize");
}

std::string function_of(const Problem& problem, const Parts& parts) {
  const DataType to = problem.outputs[0].type;
  const auto present = [&](size_t input) { return input < problem.inputs.size() && is_present(problem, input); };
  std::string code = "__device__ __forceinline__ " + compute_type(to) + " compute(";
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    code += (i ? ", " : "") + (present(i) ? compute_type(problem.inputs[i].type) : "int") + " x" + std::to_string(i);
  const bool has_zero = present(2) && !is_floating(problem.inputs[2].type);
  if (!parts.quantizes) {
    const std::string value = has_zero ? "((float)x0 - (float)x2)" : "(float)x0";
    return code + ") { return (" + compute_type(to) + ")(" + value + " * (float)x1); }\n";
  }
  if (is_floating(to)) return code + ") { return (float)x0 / (float)x1; }\n";
  const std::string zero = has_zero ? " + (float)x2" : "";
  return code + ") { return to_integer<" + storage_type(to) + ">((double)(rintf((float)x0 / (float)x1)" + zero + ")); }\n";
}

struct QuantizeGenerated final : CudaTactic {
  std::string_view name() const override { return "cuda.quantize"; }
  Status accepts(const Problem& problem) const override {
    TRY_ASSIGN(const Parts parts, parts_of(*problem.op));
    REQUIRES(parts.block_size == 0, "scales stand for blocks");
    REQUIRES(parts.saturate, "out-of-range values do not saturate");
    TRY(accepts_pointwise(problem));
    REQUIRES(problem.inputs[0].type != DataType::kDouble && problem.inputs[1].type != DataType::kDouble &&
                 problem.outputs[0].type != DataType::kDouble,
             "doubles lose digits");
    REQUIRES(problem.inputs[0].type != DataType::kInt32 || !is_present(problem, 2), "a zero point of 32 bits loses digits");
    for (size_t i = 1; i < problem.inputs.size(); ++i) REQUIRES(input_format(problem, i) == Format::kLinear, "scales are not linear");
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
    TRY_ASSIGN(const Parts parts, parts_of(*problem.op));
    // One value, or one for each slice along the axis.
    return pointwise_kernel(problem, function_of(problem, parts), [parts](size_t index, const Shape& own, const Shape& output) {
      if (index == 0) return own;
      const int64_t count = own.size() == 1 ? own[0] : 1;
      if (count == 1) return Shape{};
      Shape shape(output.size(), 1);
      shape[static_cast<size_t>(parts.axis < 0 ? parts.axis + static_cast<int64_t>(output.size()) : parts.axis)] = count;
      return shape;
    });
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::QuantizeGenerated, cuda, quantize)
}  // namespace ingot
