// cuda.cumulative: running sums and products, in double for floats.
#include "operators/cumulative.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct CumulativeLines final : CallTactic {
  std::string_view name() const override { return "cuda.cumulative"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Cumulative*>(problem.op), std::string(problem.op->name()) + " is no cumulative");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const Cumulative&>(*problem.op);
    Call call;
    TRY_ASSIGN(const Lines lines, Lines::make(inputs[0], op.axis));
    call.parameters.count = lines.before * lines.after;
    call.parameters.sizes[0] = lines.length;
    call.parameters.sizes[1] = lines.after;
    const DataType type = problem.inputs[0].type;
    const bool adds = op.kind == CumulativeKind::kSum;
    const int lanes = lines.after >= 32 || lines.length < 16 ? 1 : 32;
    const std::string code = storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\ntypedef " +
                             (is_floating(type) ? "double" : "uint64") + " SUM;\n#define JOIN(a, b) ((a) " + (adds ? "+" : "*") +
                             " (b))\n#define START " + (adds ? "0" : "1") + "\n#define LANES " + std::to_string(lanes) +
                             "\n#define EXCLUSIVE " + std::to_string(op.exclusive) + "\n#define REVERSE " + std::to_string(op.reverse) +
                             "\n";
    if (lines.length > 0) TRY(call.add(device, "cumulative", code, "cumulative", call.parameters.count * lanes));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::CumulativeLines, cuda, cumulative)
}  // namespace ingot
