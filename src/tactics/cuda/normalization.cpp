// cuda.normalization: layer, RMS, instance and group normalization with the epilogue fused.
#include "tactics/cuda/normalization_code.h"
#include "tactics/cuda/row_plan.h"

namespace ingot::cuda {
namespace {

bool by_channel(NormalizationKind kind) { return kind == NormalizationKind::kInstance || kind == NormalizationKind::kGroup; }
struct NormalizationLaunch final : Launch {
  KernelFunction kernel;
  RowPlan plan;
  Operands operands;
  size_t inputs = 0;

  Status run(const RunArguments& arguments) const override {
    RowParameters p = plan.parameters;
    p.x = operands.at(arguments, 0);
    p.y = arguments.outputs[0];
    for (size_t i = 1; i < inputs; ++i) p.extra[i - 1] = operands.at(arguments, i);
    return kernel.launch(plan.grid, 256, arguments.stream, p);
  }
};

struct NormalizationKernel final : Kernel {
  CudaDevice* device = nullptr;
  Normalization op;
  Format format = Format::kLinear;
  Operands operands;
  std::string code;
  size_t inputs = 0;
  std::vector<bool> present;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& shapes, const std::vector<Shape>&) const override {
    auto launch = std::make_unique<NormalizationLaunch>();
    const Shape& shape = shapes[0];
    const bool channels = by_channel(op.kind);
    std::vector<bool> in_row(shape.size(), false);
    if (channels) {
      for (size_t d = 2; d < shape.size(); ++d) in_row[d] = true;
    } else {
      for (int64_t axis : op.axes) {
        TRY_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
        in_row[static_cast<size_t>(at)] = true;
      }
    }
    const auto order = memory_order(format, shape.size());
    const Shape strides = memory_strides(format, shape);
    Shape scale(shape.size(), 0), shift(shape.size(), 0);
    if (channels)
      scale[1] = shift[1] = 1;
    else {
      if (present[1]) scale = broadcast_strides(shapes[1], Format::kLinear, shape);
      if (present[2]) shift = broadcast_strides(shapes[2], Format::kLinear, shape);
    }
    const int64_t group = op.kind == NormalizationKind::kGroup ? std::max<int64_t>(1, shape[1] / op.groups) : 1;
    std::vector<RowDim> dims;
    for (size_t d : order) {
      RowDim dim{shape[d], strides[d], strides[d], {scale[d], shift[d], strides[d]}, in_row[d]};
      if (d == 1 && channels && group > 1) {
        dims.push_back(
            {shape[d] / group, strides[d] * group, strides[d] * group, {scale[d] * group, shift[d] * group, strides[d] * group}, false});
        dim.size = group;
        dim.in_row = true;
      }
      dims.push_back(std::move(dim));
    }
    TRY_ASSIGN(launch->plan, RowPlan::make(dims, 3));
    launch->plan.parameters.epsilon = static_cast<float>(op.epsilon);
    TRY_ASSIGN(launch->kernel,
               KernelFunction::make(*device, row_kernel_source("normalize", launch->plan.definitions() + code), "normalize"));
    launch->operands = operands;
    launch->inputs = inputs;
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct NormalizationRows final : CudaTactic {
  std::string_view name() const override { return "cuda.normalization"; }
  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Normalization*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no normalization");
    return accepts_normalization(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override {
    Formats linear = linear_formats(problem);
    std::vector<Formats> result{linear};
    if (problem.inputs.empty() || problem.inputs[0].rank() < 3 || is_constant(problem, 0)) return result;
    Formats last = linear;
    last.inputs[0] = last.outputs[0] = Format::kChannelsLast;
    if (problem.inputs.size() > 3 && is_present(problem, 3) && !is_constant(problem, 3)) last.inputs[3] = Format::kChannelsLast;
    result.push_back(std::move(last));
    return result;
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<NormalizationKernel>();
    TRY_ASSIGN(kernel->device, device_of(problem));
    kernel->op = static_cast<const Normalization&>(*problem.op);
    kernel->format = input_format(problem, 0);
    kernel->inputs = problem.inputs.size();
    for (size_t i = 0; i < 4; ++i) kernel->present.push_back(i < problem.inputs.size() && is_present(problem, i));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    TRY_ASSIGN(kernel->code, normalization_code(problem));
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::NormalizationRows, cuda, normalization)
}  // namespace ingot
