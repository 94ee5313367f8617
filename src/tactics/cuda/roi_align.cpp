// cuda.roi_align: a thread for each cell of each channel.
#include "operators/roi_align.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct RoiAlignCells final : CallTactic {
  std::string_view name() const override { return "cuda.roi_align"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const RoiAlign*>(problem.op), std::string(problem.op->name()) + " is no roi_align");
    REQUIRES(is_floating(problem.inputs[0].type), "elements are no floating-point numbers");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const RoiAlign&>(*problem.op);
    Call call;
    const Shape& x = inputs[0];
    TRY_ASSIGN(call.parameters.count, volume(outputs[0]));
    if (call.parameters.count == 0) return call;
    if (x[0] == 0 || x[2] == 0 || x[3] == 0) return invalid("an input " + to_text(x) + " has no elements to sample");
    auto& sizes = call.parameters.sizes;
    sizes[0] = x[1];
    sizes[1] = x[2];
    sizes[2] = x[3];
    sizes[3] = op.height;
    sizes[4] = op.width;
    sizes[5] = op.samples;
    sizes[6] = x[0];
    const std::string code = storage_definition("X", problem.inputs[0].type) + storage_definition("R", problem.inputs[1].type) +
                             storage_definition("BATCH", problem.inputs[2].type) + "typedef " + compute_type(problem.inputs[0].type) +
                             " REAL;\n" + real_definition("SCALE", op.scale) + real_definition("OFFSET", op.half_pixel ? 0.5 : 0) +
                             "#define MAXIMUM " + std::to_string(op.maximum) + "\n";
    TRY(call.add(device, "roi_align", code, "roi_align", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::RoiAlignCells, cuda, roi_align)
}  // namespace ingot
