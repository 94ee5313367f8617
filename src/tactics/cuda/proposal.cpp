// cuda.proposal: regions decoded, then a block for each image. The run waits for their number, where images have no fixed one.
#include "operators/proposal.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct ProposalBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.proposal"; }
  Status takes(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Proposal*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no proposal");
    REQUIRES(problem.inputs[0].type != DataType::kDouble, "scores of double have no keys");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Proposal&>(*problem.op);
    Call call;
    auto& p = call.parameters;
    const int64_t images = inputs[0][0], places = inputs[0][2] * inputs[0][3];
    if (inputs[2][0] != 1 && inputs[2][0] != images)
      return invalid("images are " + to_text(inputs[2]) + " for " + std::to_string(images) + " batches");
    const auto anchors = op.anchors();
    const auto each = places * static_cast<int64_t>(anchors.size());
    if (each > INT32_MAX) return unsupported(std::to_string(each) + " regions are too many for proposal");
    TRY_ASSIGN(const int64_t words, volume(Shape{inputs[2].begin() + 1, inputs[2].end()}));
    int64_t room = 1;
    while (room < each) room *= 2;
    const int64_t sizes[] = {images, places, inputs[0][3], room, op.candidates, op.most, op.stride, inputs[2][0], words, outputs[0][0]};
    std::copy(std::begin(sizes), std::end(sizes), p.sizes);
    p.reals[0] = op.overlap_threshold;
    p.reals[1] = op.min_size;
    call.workspace_bytes = static_cast<size_t>((64 + images * 4 + 63) / 64 * 64 + images * room * 8 + images * each * 32);
    const DataType type = problem.inputs[0].type;
    std::string code = std::string(kernel_text("block")) + storage_definition("X", type) +
                       storage_definition("IMAGE", problem.inputs[2].type) + "typedef " + compute_type(type) +
                       " COMPUTE;\n#define HAS_SCALE " + std::to_string(inputs[2][1] > 2) + "\n#define PADDED " +
                       std::to_string(op.padded) + "\n#define ANCHOR_COUNT " + std::to_string(anchors.size()) + "\n#define ANCHORS ";
    for (const auto& anchor : anchors) {
      code += &anchor == anchors.data() ? "{" : ", {";
      for (size_t i = 0; i < 4; ++i) code += (i ? ", " : "") + number_code(anchor[i], false);
      code += "}";
    }
    code += "\n";
    TRY(call.add(device, "proposal", code, "proposal_decode", images * each));
    TRY(call.add_grid(device, "proposal", code, "proposal_select", {images}, 1024));
    TRY(call.add_grid(device, "proposal", code, "proposal_write", {1}));
    if (!op.padded) call.shapes_for = [](int64_t found) { return std::vector<Shape>{{found, 5}, {found, 1}}; };
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ProposalBlocks, cuda, proposal)
}  // namespace ingot
