// cuda.dynamic_quantize: a warp for each block of elements that share a scale, or 256 threads where blocks are large.
#include "operators/dynamic_quantize.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kLargeBlock = 2048;  // elements

struct DynamicQuantizeBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.dynamic_quantize"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const DynamicQuantize*>(problem.op), std::string(problem.op->name()) + " is no dynamic_quantize");
    REQUIRES(problem.inputs[0].rank() <= kMostRank, "the rank is over " + std::to_string(kMostRank));
    return all_linear(problem);
  }
  // Scales that are powers of two are no type that other kernels know.
  Status accepts(const Problem& problem) const override {
    Problem known = problem;
    if (known.outputs.size() == 2 && known.outputs[1].type == DataType::kE8m0) known.outputs[1].type = DataType::kUint8;
    return CallTactic::accepts(known);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const DynamicQuantize&>(*problem.op);
    Call call;
    auto& p = call.parameters;
    TRY_ASSIGN(p.count, volume(outputs[1]));
    TRY_ASSIGN(const int64_t elements, volume(inputs[0]));
    if (elements == 0) p.count = 0;
    p.sizes[0] = static_cast<int64_t>(inputs[0].size());
    int64_t size = 1;
    for (size_t d = 0; d < inputs[0].size(); ++d) {
      p.sizes[1 + d] = inputs[0][d];
      p.sizes[9 + d] = op.block[d] < 0 ? std::max<int64_t>(inputs[0][d], 1) : op.block[d];
      size *= std::min<int64_t>(p.sizes[9 + d], inputs[0][d]);
    }
    const bool powers = op.scale_type == DataType::kE8m0, second = problem.inputs.size() > 1 && is_present(problem, 1);
    const int lanes = size >= kLargeBlock ? 256 : 32;
    const std::string code = storage_definition("X", problem.inputs[0].type) + storage_definition("Y", op.to) + store_definition(op.to) +
                             storage_definition("SCALE", powers ? DataType::kUint8 : op.scale_type) + "typedef " +
                             compute_type(powers ? DataType::kUint8 : op.scale_type) + " SCALE_COMPUTE;\n" +
                             storage_definition("SECOND", second ? problem.inputs[1].type : DataType::kFloat) + "#define HAS_SECOND " +
                             std::to_string(second) + "\n#define POWERS " + std::to_string(powers) + "\n#define LANES " +
                             std::to_string(lanes) + "\n#define LARGEST " + (op.to == DataType::kFp8 ? "448.0" : "127.0") + "\n";
    TRY(call.add(device, "dynamic_quantize", code, "dynamic_quantize", p.count * lanes));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DynamicQuantizeBlocks, cuda, dynamic_quantize)
}  // namespace ingot
