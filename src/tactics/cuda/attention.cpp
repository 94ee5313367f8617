// cuda.attention: any attention, a warp for each row, with a running softmax; right before fast.
#include "tactics/cuda/attention_geometry.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {
namespace {

bool has_input(const Problem& problem, size_t input) { return input < problem.inputs.size() && is_present(problem, input); }

struct AttentionLaunch final : Launch {
  KernelFunction kernel;
  AttentionParameters parameters{};
  Operands operands;
  size_t inputs = 0;
  bool packed = false;
  int64_t k_first = 0, v_first = 0;  // bytes, of packed inputs

  Status run(const RunArguments& arguments) const override {
    AttentionParameters p = parameters;
    p.q = operands.at(arguments, 0);
    p.k = packed ? static_cast<const char*>(p.q) + k_first : operands.at(arguments, 1);
    p.v = packed ? static_cast<const char*>(p.q) + v_first : operands.at(arguments, 2);
    p.mask = inputs > 3 ? operands.at(arguments, 3) : nullptr;
    p.mask = inputs > 3 ? operands.at(arguments, 3) : nullptr;
    p.y = arguments.outputs[0];
    return kernel.launch({ceil_divide(int64_t{p.batch} * p.heads * p.queries, 4)}, 128, arguments.stream, p);
  }
};

struct AttentionKernel final : Kernel {
  CudaDevice* device = nullptr;
  Attention op;
  Operands operands;
  DataType type = DataType::kFloat, mask_type = DataType::kFloat;
  bool has_mask = false;
  size_t inputs = 0;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<AttentionLaunch>();
    AttentionParameters& p = launch->parameters;
    const AttentionGeometry geometry = attention_geometry(op, shapes, outputs[0], type, has_mask);
    p = geometry.parameters;
    launch->packed = op.packed;
    launch->k_first = geometry.k_first;
    launch->v_first = geometry.v_first;
    const int64_t depth = p.depth, value_depth = p.value_depth;
    if (depth > 1024 || value_depth > 1024) return unsupported("a head has more than 1024 numbers");
    launch->operands = operands;
    launch->inputs = inputs;
    std::string code = "typedef " + storage_type(type) + " T;\ntypedef " + storage_type(mask_type) + " MASK;\n#define HAS_MASK " +
                       std::to_string(has_mask) + "\n#define MASK_DROPS " + std::to_string(mask_type == DataType::kBool) +
                       "\n#define DEPTH " + std::to_string(std::max<int64_t>(1, ceil_divide(depth, 32) * 32)) + "\n#define PARTS " +
                       std::to_string(std::max<int64_t>(1, ceil_divide(value_depth, 32))) + "\n";
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*device, kernel_source("attention", code), "attention"));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct AttentionRows final : CudaTactic {
  std::string_view name() const override { return "cuda.attention"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Attention*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no attention");
    TRY(has_known_types(problem));
    TRY(all_linear(problem));
    REQUIRES(problem.inputs[0].type != DataType::kDouble, "the elements are double");
    REQUIRES(op->packed || (has_input(problem, 1) && has_input(problem, 2)), "k or v is left out");
    return Ok{};
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<AttentionKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->op = static_cast<const Attention&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->has_mask = has_input(problem, 3);
    if (kernel->has_mask) kernel->mask_type = problem.inputs[3].type;
    kernel->inputs = problem.inputs.size();
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::AttentionRows, cuda, attention)
}  // namespace ingot
