// cuda.recurrent: LSTM, GRU and plain cells, a launch for each step, a warp for each unit.
#include "operators/recurrent.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

enum Input : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct RecurrentLaunch final : Launch {
  KernelFunction start, gates, step, end;
  CallParameters parameters{};
  Operands operands;
  size_t inputs = 0, outputs = 0, bytes = 0;
  int64_t steps = 0, blocks = 0;

  size_t workspace_bytes() const override { return bytes; }
  Status run(const RunArguments& arguments) const override {
    CallParameters p = parameters;
    for (size_t i = 0; i < inputs; ++i) p.inputs[i] = operands.at(arguments, i);
    for (size_t i = 0; i < outputs; ++i) p.outputs[i] = arguments.outputs[i];
    p.workspace = arguments.workspace;
    TRY(start.launch({blocks}, 256, arguments.stream, p));
    for (int64_t i = 0; i < steps; ++i) {
      const long long at = i;
      if (gates) TRY(gates.launch({blocks}, 256, arguments.stream, p, at));
      TRY(step.launch({blocks}, 256, arguments.stream, p, at));
    }
    return end.launch({blocks}, 256, arguments.stream, p);
  }
};

// `REAL activate(direction, which, x)`: the functions of each direction in turn.
Result<std::string> activation_code(const Recurrent& op, bool single) {
  TRY_ASSIGN(const std::vector<Recurrent::Activation> functions, op.parse_activations());
  const size_t each = functions.size() / static_cast<size_t>(op.directions());
  std::string code = "__device__ __forceinline__ REAL activate(int64 direction, int which, REAL x) {\n  switch (direction * " +
                     std::to_string(each) + " + which) {\n";
  for (size_t i = 0; i < functions.size(); ++i) {
    code += "    case " + std::to_string(i) + ": return r_" + std::string(name_of(functions[i].op)) + "<REAL>(x, " +
            number_code(functions[i].a, single) + ", " + number_code(functions[i].b, single) + ");\n";
  }
  return code + "  }\n  return x;\n}\n";
}

struct RecurrentKernel final : Kernel {
  CudaDevice* device = nullptr;
  Recurrent op;
  Operands operands;
  std::string code;

  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const override {
    auto launch = std::make_unique<RecurrentLaunch>();
    launch->operands = operands;
    launch->inputs = inputs.size();
    launch->outputs = outputs.size();
    auto& sizes = launch->parameters.sizes;
    sizes[0] = inputs[kX][op.layout == 0 ? 0 : 1];
    sizes[1] = inputs[kX][op.layout == 0 ? 1 : 0];
    sizes[2] = inputs[kX][2];
    sizes[3] = inputs[kR][2];
    sizes[4] = op.directions();
    sizes[6] = op.layout;
    launch->steps = sizes[0];
    const int64_t units = sizes[1] * sizes[3] * sizes[4];
    launch->blocks = ceil_divide(units, 8);
    launch->bytes = static_cast<size_t>(units) * 5 * sizeof(double);
    const auto compiled = [&](const char* name) { return KernelFunction::make(*device, kernel_source("recurrent", code, true), name); };
    TRY_ASSIGN(launch->start, compiled("recurrent_start"));
    TRY_ASSIGN(launch->step, compiled("recurrent_step"));
    TRY_ASSIGN(launch->end, compiled("recurrent_end"));
    if (op.cell == RecurrentCell::kGru && !op.linear_before_reset) {
      TRY_ASSIGN(launch->gates, compiled("recurrent_gates"));
    }
    return std::unique_ptr<Launch>(std::move(launch));
  }
};

struct RecurrentSteps final : CudaTactic {
  std::string_view name() const override { return "cuda.recurrent"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Recurrent*>(problem.op), std::string(problem.op->name()) + " is no recurrent layer");
    TRY(has_known_types(problem));
    return all_linear(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    auto kernel = std::make_unique<RecurrentKernel>();
    const auto& op = static_cast<const Recurrent&>(*problem.op);
    TRY_ASSIGN(kernel->device, device_of(problem));
    TRY_ASSIGN(kernel->operands, Operands::make(*kernel->device, problem));
    kernel->op = op;
    const DataType type = problem.inputs[kX].type;
    const auto flag = [](const char* name, int64_t value) { return std::string("#define ") + name + " " + std::to_string(value) + "\n"; };
    kernel->code = storage_definition("X", type) + "typedef " + compute_type(type) + " REAL;\n" +
                   storage_definition("LENGTH", is_present(problem, kLengths) ? problem.inputs[kLengths].type : DataType::kInt32) +
                   flag("CELL_LSTM", 0) + flag("CELL_GRU", 1) + flag("CELL_RNN", 2) + flag("CELL", static_cast<int>(op.cell)) +
                   flag("GATES", op.gates()) + flag("REVERSE", op.direction == RecurrentDirection::kReverse) +
                   flag("LINEAR_BEFORE_RESET", op.linear_before_reset) + flag("INPUT_FORGET", op.input_forget) +
                   flag("HAS_BIAS", is_present(problem, kB)) + flag("HAS_LENGTHS", is_present(problem, kLengths)) +
                   flag("HAS_INITIAL_H", is_present(problem, kInitialH)) + flag("HAS_INITIAL_C", is_present(problem, kInitialC)) +
                   flag("HAS_PEEPHOLES", is_present(problem, kPeepholes)) + real_definition("CLIP", op.clip);
    TRY_ASSIGN(std::string activations, activation_code(op, type != DataType::kDouble));
    kernel->code += activations;
    return std::unique_ptr<Kernel>(std::move(kernel));
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::RecurrentSteps, cuda, recurrent)
}  // namespace ingot
