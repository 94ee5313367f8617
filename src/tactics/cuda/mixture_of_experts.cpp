// cuda.mixture_of_experts: the inner numbers of each token and expert, then their sums.
#include "operators/mixture_of_experts.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct ExpertSums final : CallTactic {
  std::string_view name() const override { return "cuda.mixture_of_experts"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const MixtureOfExperts*>(problem.op), std::string(problem.op->name()) + " is no mixture of experts");
    REQUIRES(problem.inputs.size() >= 6, "the weights of the experts are not there");
    const auto& op = static_cast<const MixtureOfExperts&>(*problem.op);
    REQUIRES(op.quantize_to == DataType::kFloat || op.quantize_to == DataType::kFp8 || op.quantize_to == DataType::kInt8,
             "activations are quantized to " + std::string(name_of(op.quantize_to)));
    REQUIRES(op.quantize_to == DataType::kFloat || op.block != 0 || is_present(problem, MixtureOfExperts::kScale), "the scale is missing");
    const DataType scales = op.scale_type;
    REQUIRES(scales == DataType::kFloat || scales == DataType::kHalf || scales == DataType::kBf16 || scales == DataType::kFp8 ||
                 scales == DataType::kE8m0,
             "scales are " + std::string(name_of(scales)));
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const MixtureOfExperts&>(*problem.op);
    Call call;
    auto& p = call.parameters;
    TRY_ASSIGN(const int64_t places, volume(inputs[1]));
    const int64_t chosen = inputs[1].back(), inner = inputs[3][2], size = inputs[0].back();
    TRY_ASSIGN(const int64_t elements, volume(inputs[0]));
    p.count = size == 0 ? 0 : elements / size;
    p.sizes[0] = chosen;
    p.sizes[1] = inner;
    p.sizes[2] = size;
    p.sizes[3] = inputs[3][0];
    p.reals[0] = op.limit;
    p.reals[1] = op.alpha;
    p.reals[2] = op.beta;
    const DataType type = problem.inputs[0].type;
    call.workspace_bytes = static_cast<size_t>(places * inner) * (type == DataType::kDouble ? 8 : 4);
    std::string code =
        "typedef " + compute_type(type) + " REAL;\n#define SILU " + std::to_string(op.activation == ExpertActivation::kSilu) + "\n";
    const char* const names[] = {"X", "EXPERT", "SCORE", "GATE", "UP", "DOWN", "GATE_BIAS", "UP_BIAS", "DOWN_BIAS"};
    for (size_t i = 0; i < 9; ++i) {
      const bool there = i < problem.inputs.size() && is_present(problem, i);
      code += std::string("#define HAS_") + names[i] + " " + std::to_string(there) + "\n" +
              storage_definition(names[i], there ? problem.inputs[i].type : DataType::kFloat);
    }
    const bool snaps = op.quantize_to != DataType::kFloat;
    if (snaps) {
      const bool powers = op.scale_type == DataType::kE8m0,
                 scaled = problem.inputs.size() > MixtureOfExperts::kScale && is_present(problem, MixtureOfExperts::kScale);
      const DataType stored = powers ? DataType::kUint8 : op.scale_type;
      code += storage_definition("Y", op.quantize_to) + store_definition(op.quantize_to) + storage_definition("BLOCK_SCALE", stored) +
              "typedef " + compute_type(stored) + " SCALE_COMPUTE;\n" + "#define POWERS " + std::to_string(powers) +
              "\n#define HAS_SCALE " + std::to_string(scaled) + "\n" +
              storage_definition("SCALE", scaled ? problem.inputs[MixtureOfExperts::kScale].type : stored) + "#define DYNAMIC " +
              std::to_string(op.block != 0) + "\n#define WHOLE " + std::to_string(op.quantize_to == DataType::kInt8) + "\n";
    }
    code += "#define SNAPS " + std::to_string(snaps) + "\n";
    const int64_t extent = op.block <= 0 ? std::max<int64_t>(inner, 1) : op.block, blocks = (inner + extent - 1) / extent;
    p.sizes[4] = extent;
    p.sizes[5] = blocks;
    TRY(call.add(device, "mixture_of_experts", code, "experts_inside", places * inner));
    if (snaps) TRY(call.add(device, "mixture_of_experts", code, "experts_snap", places * blocks));
    TRY(call.add(device, "mixture_of_experts", code, "experts_outside", p.count * size));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::ExpertSums, cuda, mixture_of_experts)
}  // namespace ingot
