// cuda.topk: lines of up to a thousand elements by counting, longer ones by the digits of their keys.
#include "operators/topk.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kShortLine = 1024;

struct TopKLines final : CallTactic {
  std::string_view name() const override { return "cuda.topk"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const TopK*>(problem.op), std::string(problem.op->name()) + " is no topk");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const TopK&>(*problem.op);
    Call call;
    TRY_ASSIGN(const Lines lines, Lines::make(inputs[0], op.axis));
    TRY_ASSIGN(const Lines found, Lines::make(outputs[0], op.axis));
    auto& sizes = call.parameters.sizes;
    sizes[0] = lines.length;
    sizes[1] = lines.after;
    sizes[2] = found.length;
    TRY_ASSIGN(call.parameters.count, volume(inputs[0]));
    if (found.length == 0 || call.parameters.count == 0) return call;
    const DataType type = problem.inputs[0].type;
    const bool wide = bits_of(type) == 64;
    const std::string code = std::string(kernel_text("block")) + storage_definition("X", type) +
                             storage_definition("INDEX_TYPE", op.index_type) + "typedef " + compute_type(type) + " COMPUTE;\n" +
                             (is_floating(type) ? "#define FLOATS 1\n" : "") + (wide ? "#define WIDE_KEYS 1\n" : "") + "#define LARGEST " +
                             std::to_string(op.largest) + "\n#define IS_SIGNED " + std::to_string(is_signed(type)) + "\n";
    if (wide || lines.length <= kShortLine) {
      TRY(call.add(device, "topk", code, "topk_by_rank", call.parameters.count));
      return call;
    }
    if (lines.length > INT32_MAX) return unsupported("an axis of " + std::to_string(lines.length) + " elements is too long for topk");
    sizes[3] = 1;
    while (sizes[3] < found.length) sizes[3] *= 2;
    const int64_t count = lines.before * lines.after;
    call.workspace_bytes = static_cast<size_t>(count * sizes[3] * 8);
    TRY(call.add_grid(device, "topk", code, "topk_by_digits", {count}, 1024));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::TopKLines, cuda, topk)
}  // namespace ingot
