// cuda.range: a thread for each element.
#include "operators/range.h"

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {
namespace {

struct RangeLaunch final : Launch {
  KernelFunction kernel;
  Operands operands;
  long long count = 0;

  Status run(const RunArguments& arguments) const override {
    const void *start = operands.at(arguments, 0), *delta = operands.at(arguments, 2);
    return kernel.launch({ceil_divide(count, 256)}, 256, arguments.stream, start, delta, arguments.outputs[0], count);
  }
};

struct RangeKernel final : Kernel {
  KernelFunction kernel;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>&, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<RangeLaunch>();
    launch->kernel = kernel;
    launch->operands = operands;
    launch->count = outputs[0][0];
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct RangeFill final : CudaTactic {
  std::string_view name() const override { return "cuda.range"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Range*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no range");
    REQUIRES(op->symbol.empty(), "the length is known only at run time");
    TRY(has_known_types(problem));
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<RangeKernel>();
    TRY_ASSIGN(CudaDevice * device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*device, problem));
    const DataType type = problem.outputs[0].type;
    const std::string code = "typedef " + storage_type(type) + " T;\ntypedef " + compute_type(type) + " COMPUTE;\n";
    TRY_ASSIGN(kernel->kernel, KernelFunction::make(*device, kernel_source("range", code), "range"));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::RangeFill, cuda, range)
}  // namespace ingot
