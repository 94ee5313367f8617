// cuda.pointwise: elementwise layers and fused chains as one generated kernel, with broadcasting in any mix of layouts.
#include "operators/pointwise.h"

#include "operators/elementwise.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/pointwise_kernel.h"

namespace ingot::cuda {
namespace {

Result<std::string> function_of(const Problem& problem) {
  std::vector<DataType> types;
  for (const TensorType& input : problem.inputs) types.push_back(input.type);
  return pointwise_function("compute", *problem.op, types, problem.outputs[0].type);
}

struct PointwiseGenerated final : CudaTactic {
  std::string_view name() const override { return "cuda.pointwise"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Pointwise*>(problem.op) || dynamic_cast<const Elementwise*>(problem.op),
             std::string(problem.op->name()) + " is no pointwise operator");
    for (size_t i = 0; i < problem.inputs.size(); ++i) REQUIRES(is_present(problem, i), "input " + std::to_string(i) + " is left out");
    TRY(accepts_pointwise(problem));
    auto function = function_of(problem);
    if (!function.ok()) return std::move(function).error();
    return Ok{};
  }

  std::vector<Formats> proposals(const Problem& problem) const override { return pointwise_formats(problem); }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    TRY_ASSIGN(std::string function, function_of(problem));
    return pointwise_kernel(problem, std::move(function));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::PointwiseGenerated, cuda, pointwise)
}  // namespace ingot
