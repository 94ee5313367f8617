// cuda.nonzero, cuda.compress: elements found by their values. The run waits for their number.
#include "operators/compress.h"
#include "operators/nonzero.h"
#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kBlockElements = 1024;

Status add_search(CudaDevice& device, const std::string& code, int64_t elements, Call* call) {
  auto& sizes = call->parameters.sizes;
  sizes[0] = elements;
  sizes[1] = ceil_divide(elements, kBlockElements);
  call->workspace_bytes = 64 + static_cast<size_t>(sizes[1]) * 8;
  const std::string whole = std::string(kernel_text("block")) + code;
  TRY(call->add_grid(device, "compact", whole, "compact_count", {sizes[1]}));
  TRY(call->add_grid(device, "compact", whole, "compact_offsets", {1}));
  return call->add_grid(device, "compact", whole, "compact_write", {sizes[1]});
}

struct NonZeroBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.nonzero"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const NonZero*>(problem.op), std::string(problem.op->name()) + " is no nonzero");
    REQUIRES(problem.inputs[0].rank() <= kMostRank, "the rank is over " + std::to_string(kMostRank));
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    Call call;
    TRY_ASSIGN(const int64_t elements, volume(inputs[0]));
    const auto rank = static_cast<int64_t>(inputs[0].size());
    call.parameters.sizes[2] = rank;
    std::copy(inputs[0].begin(), inputs[0].end(), call.parameters.sizes + 3);
    TRY(add_search(device,
                   storage_definition("X", problem.inputs[0].type) + "#define SOURCE 0\n" +
                       storage_definition("INDEX", static_cast<const NonZero&>(*problem.op).index_type) + "#define INDEX_TYPE INDEX\n",
                   elements, &call));
    call.shapes_for = [rank](int64_t found) { return std::vector<Shape>{{rank, found}}; };
    return call;
  }
};

struct CompressBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.compress"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Compress*>(problem.op), std::string(problem.op->name()) + " is no compress");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Compress&>(*problem.op);
    Call call;
    TRY_ASSIGN(const int64_t elements, volume(inputs[0]));
    TRY_ASSIGN(const Lines lines, Lines::make(op.flat ? Shape{elements} : inputs[0], op.flat ? 0 : op.axis));
    const int64_t conditions = inputs[1][0];
    if (conditions > lines.length)
      return invalid("the condition " + to_text(inputs[1]) + " is longer than the axis of " + std::to_string(lines.length));
    call.parameters.sizes[12] = lines.before;
    call.parameters.sizes[13] = lines.length;
    call.parameters.sizes[14] = lines.after;
    const std::string code = storage_definition("X", problem.inputs[1].type) + "#define SOURCE 1\n" +
                             moved_definition("ELEMENT", bits_of(problem.inputs[0].type) / 8);
    TRY(add_search(device, code, conditions, &call));
    call.workspace_bytes += static_cast<size_t>(conditions) * 8;
    TRY(call.add(device, "compact", std::string(kernel_text("block")) + code, "compact_gather", lines.before * conditions * lines.after));
    const Shape bound = outputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.flat ? 0 : op.axis, static_cast<int64_t>(bound.size())));
    call.shapes_for = [bound, axis](int64_t found) {
      Shape shape = bound;
      shape[static_cast<size_t>(axis)] = found;
      return std::vector<Shape>{shape};
    };
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_compact) {
  catalogue.add(std::make_unique<cuda::NonZeroBlocks>());
  catalogue.add(std::make_unique<cuda::CompressBlocks>());
}
}  // namespace ingot
