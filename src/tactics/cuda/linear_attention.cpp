// cuda.linear_attention: a thread for each column of a state.
#include "operators/linear_attention.h"

#include <cmath>

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostDepth = 1024;  // numbers of k a head, which a thread keeps

struct LinearAttentionColumns final : CallTactic {
  std::string_view name() const override { return "cuda.linear_attention"; }
  Status takes(const Problem& problem) const override {
    const auto* op = dynamic_cast<const LinearAttention*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no linear_attention");
    const Dim& numbers = problem.inputs[0].dims[2];
    REQUIRES(numbers.is_constant() && numbers.value() / op->heads <= kMostDepth && numbers.value() >= op->heads,
             "a head has " + numbers.text() + " / " + std::to_string(op->heads) + " numbers; up to " + std::to_string(kMostDepth) + " fit");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const LinearAttention&>(*problem.op);
    const int64_t depth = inputs[0][2] / op.heads, width = inputs[2][2] / op.key_heads;
    Call call;
    auto& p = call.parameters;
    p.count = inputs[0][0] * op.key_heads * width;
    p.sizes[0] = inputs[0][1];
    p.sizes[1] = op.key_heads;
    p.sizes[2] = width;
    p.reals[0] = op.scale != 0 ? op.scale : 1 / std::sqrt(static_cast<double>(depth));
    const auto flag = [](const std::string& name, int64_t value) { return "#define " + name + " " + std::to_string(value) + "\n"; };
    std::string code = flag("DEPTH", depth) + flag("GROUP", op.heads / op.key_heads) +
                       storage_definition("PRESENT", problem.outputs[1].type) + "typedef " + compute_type(problem.outputs[1].type) +
                       " PRESENT_REAL;\ntypedef " + compute_type(problem.inputs[0].type) + " REAL;\n";
    const char* const names[] = {"Q", "K", "V", "STATE", "DECAY", "BETA"};
    for (size_t i = 0; i < 6; ++i) {
      const bool there = i < problem.inputs.size() && is_present(problem, i);
      code += flag(std::string("HAS_") + names[i], there) + storage_definition(names[i], there ? problem.inputs[i].type : DataType::kFloat);
      if (i >= 4) code += flag(std::string(names[i]) + "_BY_HEAD", there && inputs[i][2] == op.key_heads);
    }
    TRY(call.add(device, "linear_attention", code, "linear_attention", p.count, 128));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::LinearAttentionColumns, cuda, linear_attention)
}  // namespace ingot
