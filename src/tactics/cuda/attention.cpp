// cuda.attention: any attention, a warp for each row, with a running softmax; right before fast.
#include "operators/attention.h"

#include <cmath>

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
    const Shape &q = shapes[0], &y = outputs[0];
    const int64_t key_heads = op.key_heads == 0 ? op.heads : op.key_heads;
    const auto strides = [](const Shape& shape, int64_t heads, int64_t depth, long long* to) {
      const Shape own = row_major_strides(shape);
      to[0] = own[0];
      to[1] = heads == 0 ? own[1] : depth;
      to[2] = heads == 0 ? own[2] : own[1];
    };
    int64_t depth = 0, value_depth = 0;
    if (op.heads == 0) {
      p.heads = static_cast<int>(q[1]);
      p.key_heads = static_cast<int>(shapes[1][1]);
      p.queries = static_cast<int>(q[2]);
      p.keys = static_cast<int>(shapes[1][2]);
      depth = q[3];
      value_depth = shapes[2][3];
      strides(shapes[1], 0, depth, p.k_strides);
      strides(shapes[2], 0, value_depth, p.v_strides);
    } else {
      p.heads = static_cast<int>(op.heads);
      p.key_heads = static_cast<int>(key_heads);
      p.queries = static_cast<int>(q[1]);
      if (op.packed) {
        p.keys = p.queries;
        depth = value_depth = q[2] / (op.heads + 2 * key_heads);
        strides(q, op.heads, depth, p.k_strides);
        strides(q, op.heads, depth, p.v_strides);
        launch->packed = true;
        launch->k_first = op.heads * depth * bits_of(type) / 8;
        launch->v_first = (op.heads + key_heads) * depth * bits_of(type) / 8;
      } else {
        p.keys = static_cast<int>(shapes[1][1]);
        depth = q[2] / op.heads;
        value_depth = shapes[2][2] / key_heads;
        strides(shapes[1], key_heads, depth, p.k_strides);
        strides(shapes[2], key_heads, value_depth, p.v_strides);
      }
    }
    strides(q, op.heads, depth, p.q_strides);
    strides(y, op.heads, value_depth, p.y_strides);
    p.batch = static_cast<int>(q[0]);
    p.depth = static_cast<int>(depth);
    p.value_depth = static_cast<int>(value_depth);
    p.scale = op.scale != 0 ? static_cast<float>(op.scale) : static_cast<float>(1 / std::sqrt(static_cast<double>(depth)));
    p.softcap = static_cast<float>(op.softcap);
    p.causal = op.causal;
    if (has_mask) {
      const Shape wanted{q[0], p.heads, p.queries, p.keys}, own = broadcast_strides(shapes[3], Format::kLinear, wanted);
      std::copy(own.begin(), own.end(), p.mask_strides);
    }
    if (depth > 1024 || value_depth > 1024) return unsupported("a head has more than 1024 numbers");
    launch->operands = operands;
    launch->inputs = inputs;
    std::string code = "typedef " + storage_type(type) + " T;\ntypedef " + storage_type(mask_type) + " MASK;\n#define HAS_MASK " + std::to_string(has_mask) +
                       "\n#define MASK_DROPS " + std::to_string(mask_type == DataType::kBool) + "\n#define DEPTH " + std::to_string(std::max<int64_t>(1, ceil_divide(depth, 32) * 32)) +
                       "\n#define PARTS " + std::to_string(std::max<int64_t>(1, ceil_divide(value_depth, 32))) + "\n";
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
  std::vector<Formats> proposals(const Problem& problem) const override { return {{std::vector<Format>(problem.inputs.size(), Format::kLinear), {Format::kLinear}}}; }
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
