// cuda.attention_flash: attention of half and bf16 on tensor cores, whose scores never lie in memory.
#include <algorithm>

#include "tactics/cuda/attention_geometry.h"
#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/tensor_core.h"

namespace ingot::cuda {
namespace {

constexpr int64_t kMostDepth = 128;

int64_t rounded_up(int64_t count) { return std::max<int64_t>(16, ceil_divide(count, 16) * 16); }

// Heads of this many numbers are read 16 bytes at a time.
Status fits(const AttentionParameters& p) {
  for (const int depth : {p.depth, p.value_depth})
    REQUIRES(depth % 8 == 0 && depth <= kMostDepth, "a head has " + std::to_string(depth) + " numbers");
  REQUIRES(p.key_heads > 0 && p.heads % p.key_heads == 0, "the heads of keys do not divide those of queries");
  return Ok{};
}

struct FlashLaunch final : Launch {
  KernelFunction kernel;
  AttentionGeometry geometry;
  Operands operands;
  bool packed = false, has_mask = false;
  int warps = 4;

  Status run(const RunArguments& arguments) const override {
    AttentionParameters p = geometry.parameters;
    p.q = operands.at(arguments, 0);
    p.k = packed ? static_cast<const char*>(p.q) + geometry.k_first : operands.at(arguments, 1);
    p.v = packed ? static_cast<const char*>(p.q) + geometry.v_first : operands.at(arguments, 2);
    p.mask = has_mask ? operands.at(arguments, 3) : nullptr;
    p.y = arguments.outputs[0];
    return kernel.launch({ceil_divide(p.queries, 16 * warps) * p.heads * p.batch}, 32 * warps, arguments.stream, p);
  }
};

struct FlashKernel final : Kernel {
  CudaDevice* device = nullptr;
  Problem problem;
  Attention op;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<FlashLaunch>();
    const DataType type = problem.inputs[0].type;
    launch->has_mask = has_input(problem, 3);
    launch->geometry = attention_geometry(op, shapes, outputs[0], type, launch->has_mask);
    const AttentionParameters& p = launch->geometry.parameters;
    if (!fits(p).ok()) return launch_by("cuda.attention", problem, shapes, outputs);  // heads whose size was not known before
    // Small problems are spread over more blocks. A row's sums are the same in all of them.
    const int64_t heads = int64_t{p.batch} * p.heads;
    for (launch->warps = 4; launch->warps > 1 && ceil_divide(p.queries, 16 * launch->warps) * heads < 2 * device->multiprocessors();)
      launch->warps /= 2;
    launch->operands = operands;
    launch->packed = op.packed;
    const DataType mask = launch->has_mask ? problem.inputs[3].type : DataType::kFloat;
    const auto even = [](long long stride) { return stride % 2 == 0; };
    const bool pairs =
        launch->has_mask && p.mask_strides[3] == 1 && p.keys % 2 == 0 && std::all_of(p.mask_strides, p.mask_strides + 3, even);
    const int64_t depth = rounded_up(p.depth), values = rounded_up(p.value_depth);
    const std::string code =
        std::string(kernel_text("tensor_core")) + "typedef " + storage_type(type) + " T;\ntypedef " + storage_type(mask) +
        " MASK;\n#define HAS_MASK " + std::to_string(launch->has_mask) + "\n#define MASK_DROPS " + std::to_string(mask == DataType::kBool) +
        "\n#define MASK_ROWS " + std::to_string(launch->has_mask && p.mask_strides[2] != 0) + "\n#define SOFTCAP " +
        std::to_string(p.softcap != 0) + "\n#define CAUSAL " + std::to_string(p.causal) + "\n#define MASK_PAIRS " + std::to_string(pairs) +
        "\n#define WARPS " + std::to_string(launch->warps) + "\n#define DEPTH " + std::to_string(depth) + "\n#define VALUES " +
        std::to_string(values) + "\n#define KEYS " + std::to_string(std::max(depth, values) <= 64 ? 64 : 32) + "\n";
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*device, kernel_source("attention_flash", code), "attention_flash"));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct FlashAttention final : CudaTactic {
  std::string_view name() const override { return "cuda.attention_flash"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Attention*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no attention");
    TRY(has_known_types(problem));
    TRY(all_linear(problem));
    TRY(has_tensor_cores(problem));
    const DataType type = problem.inputs[0].type;
    REQUIRES(problem.outputs[0].type == type, "the output is of type " + std::string(name_of(problem.outputs[0].type)));
    REQUIRES(op->packed || (has_input(problem, 1) && has_input(problem, 2)), "k or v is left out");
    REQUIRES(op->packed || (problem.inputs[1].type == type && problem.inputs[2].type == type), "q, k and v differ in type");
    TRY_ASSIGN(const Shape output, tuned_output(problem));
    return fits(attention_geometry(*op, problem.opt_inputs, output, type, has_input(problem, 3)).parameters);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<FlashKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->problem = problem;
    kernel->op = static_cast<const Attention&>(*problem.op);
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
  std::optional<double> estimate_ms(const Problem& problem) const override { return 0.004 + input_elements(problem) * 1e-9; }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::FlashAttention, cuda, attention_flash)
}  // namespace ingot
