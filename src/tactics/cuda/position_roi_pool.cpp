// cuda.position_roi_pool: a thread for each cell of a region.
#include "operators/position_roi_pool.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct PositionCells final : CallTactic {
  std::string_view name() const override { return "cuda.position_roi_pool"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const PositionRoiPool*>(problem.op), std::string(problem.op->name()) + " is no position_roi_pool");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const PositionRoiPool&>(*problem.op);
    Call call;
    auto& p = call.parameters;
    TRY_ASSIGN(p.count, volume(outputs[0]));
    const int64_t sizes[] = {op.outputs, op.cells, inputs[0][0], inputs[0][2], inputs[0][3]};
    std::copy(std::begin(sizes), std::end(sizes), p.sizes);
    p.reals[0] = op.scale;
    const DataType type = problem.inputs[0].type;
    const std::string code = storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n" +
                             storage_definition("REGION", problem.inputs[1].type);
    TRY(call.add(device, "position_roi_pool", code, "position_roi_pool", p.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::PositionCells, cuda, position_roi_pool)
}  // namespace ingot
