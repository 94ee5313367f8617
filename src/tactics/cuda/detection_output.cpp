// cuda.detection_output: boxes decoded, then a block for each image and class, then one for each image.
#include "operators/detection_output.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct DetectionBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.detection_output"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const DetectionOutput*>(problem.op), std::string(problem.op->name()) + " is no detection_output");
    REQUIRES(problem.inputs[1].type != DataType::kDouble, "scores of double have no keys");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const DetectionOutput&>(*problem.op);
    Call call;
    auto& p = call.parameters;
    const int64_t images = inputs[0][0], sets = op.share_location ? 1 : op.classes;
    TRY_ASSIGN(const int64_t numbers, volume(Shape{inputs[2].begin() + 2, inputs[2].end()}));
    const int64_t count = numbers / 4;
    TRY_ASSIGN(const int64_t offsets, volume(inputs[0]));
    TRY_ASSIGN(const int64_t scores, volume(inputs[1]));
    if (offsets != images * count * sets * 4 || scores != images * count * op.classes || (inputs[2][0] != 1 && inputs[2][0] != images))
      return invalid("offsets " + to_text(inputs[0]) + ", scores " + to_text(inputs[1]) + " and priors " + to_text(inputs[2]) +
                     " do not belong together");
    if (count > INT32_MAX) return unsupported(std::to_string(count) + " priors are too many for detection_output");
    int64_t room = 1;
    while (room < count) room *= 2;
    const int64_t sizes[] = {op.classes, count, sets, room, op.candidates, outputs[0][2], images, inputs[2][0], op.background};
    std::copy(std::begin(sizes), std::end(sizes), p.sizes);
    p.reals[0] = op.overlap_threshold;
    p.reals[1] = op.score_threshold;
    p.reals[2] = op.eta;
    const int64_t units = images * op.classes;
    call.workspace_bytes = static_cast<size_t>((units * 4 + 63) / 64 * 64 + units * room * 8 + images * count * sets * 32);
    const DataType type = problem.inputs[0].type;
    const std::string code = std::string(kernel_text("block")) + storage_definition("X", type) + "typedef " + compute_type(type) +
                             " COMPUTE;\n#define CODE " + std::to_string(static_cast<int>(op.code)) + "\n#define VARIANCE_ENCODED " +
                             std::to_string(op.variance_encoded) + "\n";
    TRY(call.add(device, "detection_output", code, "detection_decode", images * count * sets));
    TRY(call.add_grid(device, "detection_output", code, "detection_select", {units}, 1024));
    TRY(call.add_grid(device, "detection_output", code, "detection_write", {images}, 1024));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DetectionBlocks, cuda, detection_output)
}  // namespace ingot
