// cuda.batched_nms: a block for each image and class, then one for each image.
#include "operators/batched_nms.h"

#include <algorithm>

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct BatchedNmsLaunch final : Launch {
  Operands operands;
  CallParameters parameters{};
  KernelFunction select, write;
  size_t workspace = 0;

  size_t workspace_bytes() const override { return workspace; }
  Status run(const RunArguments& arguments) const override {
    CallParameters p = parameters;
    for (size_t i = 0; i < 2; ++i) p.inputs[i] = operands.at(arguments, i);
    for (size_t o = 0; o < 4; ++o) p.outputs[o] = arguments.outputs[o];
    p.inputs[8] = arguments.outputs[4];  // kernels have four outputs
    p.workspace = arguments.workspace;
    if (p.sizes[0] == 0) return Ok{};
    TRY(select.launch({p.sizes[0] * p.sizes[1]}, 1024, arguments.stream, p));
    return write.launch({p.sizes[0]}, 1024, arguments.stream, p);
  }
};

int64_t next_power(int64_t least) {
  int64_t power = 1;
  while (power < least) power *= 2;
  return power;
}

struct BatchedNmsKernel final : Kernel {
  CudaDevice* device = nullptr;
  Operands operands;
  BatchedNms op;
  DataType type = DataType::kFloat;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const int64_t images = inputs[0][0], count = inputs[0][1], classes = inputs[1][2];
    if (inputs[1][0] != images || inputs[1][1] != count || inputs[0][3] != 4)
      return invalid("boxes " + to_text(inputs[0]) + " and scores " + to_text(inputs[1]) + " do not belong together");
    if (count > 0 && classes > UINT32_MAX / count)
      return unsupported(std::to_string(count) + " boxes of " + std::to_string(classes) + " classes are too many for batched_nms");
    int64_t of_class = count;
    if (op.candidates > 0) of_class = std::min(of_class, op.candidates);
    if (op.most_of_class > 0 && !op.class_agnostic) of_class = std::min(of_class, op.most_of_class);
    auto launch = std::make_unique<BatchedNmsLaunch>();
    launch->operands = operands;
    CallParameters& p = launch->parameters;
    const int64_t sizes[] = {images,     classes,          count,         next_power(count), inputs[0][2],
                             op.most,    op.most_of_class, op.candidates, op.background,     next_power(classes * of_class),
                             op.no_class};
    std::copy(std::begin(sizes), std::end(sizes), p.sizes);
    p.reals[0] = op.overlap_threshold;
    p.reals[1] = op.score_threshold;
    p.reals[2] = op.inclusive_pixels ? 1 : 0;
    const int64_t units = images * classes;
    launch->workspace = static_cast<size_t>((units * 8 + 63) / 64 * 64 + (units * p.sizes[3] + images * p.sizes[9]) * 8);
    const std::string source =
        kernel_source("batched_nms", std::string(kernel_text("block")) + storage_definition("X", type) + "#define AGNOSTIC " +
                                         std::to_string(op.class_agnostic) + "\n#define CLIP " + std::to_string(op.clip) + "\n");
    TRY_ASSIGN(launch->select, KernelFunction::make(*device, source, "batched_nms_select"));
    TRY_ASSIGN(launch->write, KernelFunction::make(*device, source, "batched_nms_write"));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct BatchedNmsBlocks final : CudaTactic {
  std::string_view name() const override { return "cuda.batched_nms"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const BatchedNms*>(problem.op), std::string(problem.op->name()) + " is no batched_nms");
    REQUIRES(problem.inputs[1].type != DataType::kDouble, "scores of double have no keys");
    TRY(has_known_types(problem));
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<BatchedNmsKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->op = static_cast<const BatchedNms&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::BatchedNmsBlocks, cuda, batched_nms)
}  // namespace ingot
