// cuda.deformable_convolution: a thread for each element of the output.
#include "operators/deformable_convolution.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct DeformableElements final : CallTactic {
  std::string_view name() const override { return "cuda.deformable_convolution"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const DeformableConvolution*>(problem.op), std::string(problem.op->name()) + " is no deformable convolution");
    REQUIRES(is_floating(problem.inputs[0].type), "elements are no floating-point numbers");
    for (size_t i = 1; i < problem.inputs.size(); ++i)
      REQUIRES(!is_present(problem, i) || problem.inputs[i].type == problem.inputs[0].type, "the inputs' types differ");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const DeformableConvolution&>(*problem.op);
    const Shape &x = inputs[0], &w = inputs[1], &y = outputs[0];
    Call call;
    TRY_ASSIGN(call.parameters.count, volume(y));
    const int64_t sizes[] = {y[1],
                             y[2],
                             y[3],
                             x[1],
                             x[2],
                             x[3],
                             w[2],
                             w[3],
                             w[1],
                             y[1] / op.groups,
                             op.offset_groups,
                             op.strides[0],
                             op.strides[1],
                             op.pads[0],
                             op.pads[1],
                             op.dilations[0],
                             op.dilations[1]};
    std::copy(std::begin(sizes), std::end(sizes), call.parameters.sizes);
    const DataType type = problem.inputs[0].type;
    const std::string code = storage_definition("X", type) + "typedef " + compute_type(type) + " REAL;\n#define HAS_BIAS " +
                             std::to_string(is_present(problem, 3)) + "\n#define HAS_MASK " + std::to_string(is_present(problem, 4)) + "\n";
    TRY(call.add(device, "deformable", code, "deformable", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DeformableElements, cuda, deformable)
}  // namespace ingot
