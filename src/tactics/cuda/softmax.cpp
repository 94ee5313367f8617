// cuda.softmax: along any axis; a warp, a block or a thread for each row.
#include "operators/softmax.h"

#include "tactics/cuda/expression_code.h"
#include "tactics/cuda/row_plan.h"
#include "tactics/cuda/scaled_code.h"

namespace ingot::cuda {
namespace {

struct SoftmaxKernel final : Kernel {
  CudaDevice* device = nullptr;
  Softmax op;
  DataType type = DataType::kFloat, output = DataType::kFloat, working = DataType::kFloat;
  Format format = Format::kLinear;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<RowLaunch>();
    const Shape& shape = inputs[0];
    TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, static_cast<int64_t>(shape.size())));
    std::vector<bool> in_row(shape.size(), false);
    in_row[static_cast<size_t>(axis)] = true;
    TRY_ASSIGN(launch->plan, RowPlan::make(row_dims(shape, format, in_row), 0));
    const std::string real = compute_type(working);
    const std::string code = launch->plan.definitions() + "#define LOGARITHM " + std::to_string(op.log) + "\ntypedef " + real +
                             " REAL;\ntypedef " + storage_type(type) + " X;\ntypedef " + storage_type(output) + " Y;\n#define START_MOST " +
                             least_code(real) + "\n" + scaled_code(op);
    TRY_ASSIGN(launch->kernel, KernelFunction::make(*device, row_kernel_source("softmax", code), "softmax"));
    launch->operands = operands;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct SoftmaxRows final : CudaTactic {
  std::string_view name() const override { return "cuda.softmax"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Softmax*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no softmax");
    TRY(accepts_scales(*op, problem));
    REQUIRES(problem.inputs[0].rank() > 0, "a scalar has no axis");
    TRY(has_known_types(problem));
    TRY(has_plain_formats(problem));
    REQUIRES(is_floating(working_type(*op, problem)), "the elements are integers");
    REQUIRES(input_format(problem, 0) == output_format(problem, 0), "input and output have different formats");
    return Ok{};
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<SoftmaxKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const Softmax&>(*problem.op);
    kernel->type = problem.inputs[0].type;
    kernel->output = problem.outputs[0].type;
    kernel->working = working_type(kernel->op, problem);
    kernel->format = input_format(problem, 0);
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::SoftmaxRows, cuda, softmax)
}  // namespace ingot
