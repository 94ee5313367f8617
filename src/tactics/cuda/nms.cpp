// cuda.nms: a block for each batch and class.
#include "operators/nms.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct NmsBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.nms"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Nms*>(problem.op), std::string(problem.op->name()) + " is no nms");
    REQUIRES(problem.inputs[1].type != DataType::kDouble, "scores of double have no keys");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Nms&>(*problem.op);
    const Shape &boxes = inputs[0], &scores = inputs[1];
    Call call;
    auto& p = call.parameters;
    const int64_t batches = scores[0], classes = scores[op.classes_last ? 2 : 1], count = scores[op.classes_last ? 1 : 2];
    if (boxes[0] != batches || boxes[1] != count || boxes.back() != 4)
      return invalid("boxes " + to_text(boxes) + " and scores " + to_text(scores) + " do not belong together");
    if (count > INT32_MAX) return unsupported(std::to_string(count) + " boxes are too many for nms");
    int64_t room = 1;
    while (room < count) room *= 2;
    const int64_t sizes[] = {batches,
                             classes,
                             count,
                             room,
                             boxes.size() == 4 ? boxes[2] : 1,
                             op.classes_last ? 1 : count,
                             op.classes_last ? classes : 1,
                             op.most,
                             op.candidates,
                             outputs[0][0]};
    std::copy(std::begin(sizes), std::end(sizes), p.sizes);
    p.reals[0] = op.overlap_threshold;
    p.reals[1] = op.score_threshold;
    call.workspace_bytes = static_cast<size_t>((64 + batches * classes * 4 + 63) / 64 * 64 + batches * classes * room * 8);
    std::string code = std::string(kernel_text("block")) + storage_definition("BOX", problem.inputs[0].type) +
                       storage_definition("SCORE", problem.inputs[1].type) + storage_definition("INDEX_TYPE", op.index_type) +
                       "#define CENTERED " + std::to_string(op.centered) + "\n#define WITH_COUNT " + std::to_string(op.with_count) + "\n";
    const char* const names[] = {"MOST", "OVERLAP", "LEAST"};
    for (size_t i = 2; i < 5; ++i) {
      const bool given = is_present(problem, i) && i < problem.inputs.size();
      code += std::string("#define HAS_") + names[i - 2] + " " + std::to_string(given) + "\n" +
              storage_definition(names[i - 2], given ? problem.inputs[i].type : DataType::kFloat);
    }
    TRY(call.add_grid(device, "nms", code, "nms_select", {batches * classes}, 1024));
    TRY(call.add_grid(device, "nms", code, "nms_write", {1}, 256));
    call.shapes_for = [with_count = op.with_count](int64_t found) {
      std::vector<Shape> shapes{{found, 3}};
      if (with_count) shapes.push_back({});
      return shapes;
    };
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::NmsBlocks, cuda, nms)
}  // namespace ingot
