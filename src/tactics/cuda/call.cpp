#include "tactics/cuda/call.h"

#include <algorithm>

#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct CallLaunch final : Launch {
  CudaDevice* device = nullptr;
  Call call;
  Operands operands;
  size_t inputs = 0, outputs = 0;
  mutable std::vector<Shape> produced;

  size_t workspace_bytes() const override { return call.workspace_bytes; }
  std::vector<Shape> produced_shapes() const override { return produced; }

  Status run(const RunArguments& arguments) const override {
    if (call.shapes_for && device->is_captured(arguments.stream))
      return unsupported("a layer whose output dims hang on values cannot be captured into a CUDA graph");
    CallParameters p = call.parameters;
    for (size_t i = 0; i < inputs; ++i) p.inputs[i] = operands.at(arguments, i);
    for (size_t i = 0; i < outputs; ++i) p.outputs[i] = arguments.outputs[i];
    p.workspace = arguments.workspace;
    for (const Call::Step& step : call.steps) {
      std::copy(std::begin(step.pass), std::end(step.pass), p.pass);
      TRY(step.kernel.launch(step.grid, step.block, arguments.stream, p));
    }
    if (!call.shapes_for) return Ok{};
    int64_t count = 0;
    TRY(device->copy(&count, arguments.workspace, sizeof count, arguments.stream));
    produced = call.shapes_for(count);
    return Ok{};
  }
};

struct CallKernel final : Kernel {
  const CallTactic* tactic = nullptr;
  CudaDevice* device = nullptr;
  Problem problem;
  std::unique_ptr<Operator> op;
  Operands operands;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<CallLaunch>();
    launch->device = device;
    launch->operands = operands;
    launch->inputs = inputs.size();
    launch->outputs = outputs.size();
    TRY_ASSIGN(launch->call, tactic->call(*device, problem, inputs, outputs));
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

}  // namespace

Status Call::add_grid(CudaDevice& device, std::string_view file, const std::string& definitions, const std::string& name, GridSize grid,
                      int block) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return Ok{};
  TRY_ASSIGN(KernelFunction kernel, KernelFunction::make(device, kernel_source(file, definitions, true), name));
  steps.push_back({kernel, grid, block});
  return Ok{};
}

Status Call::add(CudaDevice& device, std::string_view file, const std::string& definitions, const std::string& name, int64_t count,
                 int block) {
  return add_grid(device, file, definitions, name, {ceil_divide(count, block)}, block);
}

Status CallTactic::accepts(const Problem& problem) const {
  TRY(takes(problem));
  REQUIRES(problem.inputs.size() <= kMostCallInputs, "it has " + std::to_string(problem.inputs.size()) + " inputs");
  REQUIRES(problem.outputs.size() <= kMostCallOutputs, "it has " + std::to_string(problem.outputs.size()) + " outputs");
  TRY(has_known_types(problem));
  return has_plain_formats(problem);
}

Result<std::unique_ptr<Kernel>> CallTactic::prepare(const Problem& problem, const std::vector<PackedWeights>&) const {
  auto kernel = std::make_unique<CallKernel>();
  kernel->tactic = this;
  TRY_ASSIGN(kernel->device, device_of(problem));
  TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
  kernel->problem = problem;
  kernel->op = problem.op->clone();
  kernel->problem.op = kernel->op.get();
  return std::unique_ptr<Kernel>(std::move(kernel));
}

std::string storage_definition(const std::string& name, DataType type) { return "typedef " + storage_type(type) + " " + name + ";\n"; }

std::string moved_definition(const std::string& name, int64_t bytes) {
  const std::string type = bytes == 1   ? "uint8"
                           : bytes == 2 ? "uint16"
                           : bytes == 4 ? "uint32"
                           : bytes == 8 ? "uint64"
                                        : "Pack<uint64, " + std::to_string(bytes / 8) + ">";
  return "typedef " + type + " " + name + ";\n";
}

std::string number_definition(const std::string& name, int64_t value) {
  return "#define " + name + " ((int64)" + std::to_string(value) + "ll)\n";
}

std::string store_definition(DataType type) {
  if (type == DataType::kBool) return "#define STORE(value) (bool_t{(uint8)((value) != 0)})\n";
  if (is_floating(type)) return "#define STORE(value) store<Y>((" + compute_type(type) + ")(value))\n";
  if (type == DataType::kUint64) return "#define STORE(value) to_uint64(rint((double)(value)))\n";
  return "#define STORE(value) ((Y)to_integer<Y>(rint((double)(value))))\n";
}

std::string real_definition(const std::string& name, double value, bool single) {
  return "#define " + name + " (" + number_code(value, single) + ")\n";
}

Result<Lines> Lines::make(const Shape& shape, int64_t axis) {
  Lines lines;
  TRY_ASSIGN(const int64_t at, normalize_axis(axis, static_cast<int64_t>(shape.size())));
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    (d < at ? lines.before : d == at ? lines.length : lines.after) *= shape[static_cast<size_t>(d)];
  return lines;
}

}  // namespace ingot::cuda
