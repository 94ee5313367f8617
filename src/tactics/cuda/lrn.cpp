// cuda.lrn: a thread for each element.
#include "operators/lrn.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct LrnElements final : CallTactic {
  std::string_view name() const override { return "cuda.lrn"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Lrn*>(problem.op), std::string(problem.op->name()) + " is no lrn");
    REQUIRES(input_format(problem, 0) == output_format(problem, 0), "input and output lie in different formats");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return Tactic::proposals(problem); }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const Lrn&>(*problem.op);
    Call call;
    TRY_ASSIGN(call.parameters.count, volume(inputs[0]));
    auto& sizes = call.parameters.sizes;
    sizes[0] = inputs[0][1];
    sizes[1] = memory_strides(input_format(problem, 0), inputs[0])[1];
    sizes[2] = (op.size - 1) / 2;
    sizes[3] = op.size - 1 - sizes[2];
    const DataType type = problem.inputs[0].type;
    const std::string code = storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n" + real_definition("K", op.k) +
                             real_definition("SCALE", op.alpha / static_cast<double>(op.size)) + real_definition("BETA", op.beta);
    TRY(call.add(device, "lrn", code, "lrn", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::LrnElements, cuda, lrn)
}  // namespace ingot
