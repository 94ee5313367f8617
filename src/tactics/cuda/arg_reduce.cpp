// cuda.arg_reduce, cuda.hardmax: the place of the largest element of each line.
#include "operators/arg_reduce.h"

#include "operators/hardmax.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

Result<Call> best_of_lines(CudaDevice& device, DataType type, const Shape& x, int64_t axis, const std::string& definitions) {
  Call call;
  TRY_ASSIGN(const Lines lines, Lines::make(x, axis));
  call.parameters.count = lines.before * lines.after;
  call.parameters.sizes[0] = lines.length;
  call.parameters.sizes[1] = lines.after;
  if (call.parameters.count == 0 || lines.length == 0) return call;
  // Neighbouring threads read neighbours in memory.
  const int lanes = lines.after >= 32 || lines.length < 16 ? 1 : lines.length < 2048 ? 32 : 256;
  const std::string code = storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n#define LANES " +
                           std::to_string(lanes) + "\n" + definitions;
  TRY(call.add(device, "arg_reduce", code, "arg_reduce", call.parameters.count * lanes));
  return call;
}

struct ArgReduceLines final : CallTactic {
  std::string_view name() const override { return "cuda.arg_reduce"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const ArgReduce*>(problem.op), std::string(problem.op->name()) + " is no arg_reduce");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const auto& op = static_cast<const ArgReduce&>(*problem.op);
    return best_of_lines(
        device, problem.inputs[0].type, inputs[0], op.axis,
        std::string("#define BETTER(a, b) ((a) ") + (op.smallest ? "<" : ">") + " (b))\n" + (op.last ? "#define LAST 1\n" : ""));
  }
};

struct HardmaxLines final : CallTactic {
  std::string_view name() const override { return "cuda.hardmax"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Hardmax*>(problem.op), std::string(problem.op->name()) + " is no hardmax");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    return best_of_lines(device, problem.inputs[0].type, inputs[0], static_cast<const Hardmax&>(*problem.op).axis,
                         "#define BETTER(a, b) ((a) > (b))\n#define HARDMAX 1\n");
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_arg_reduce) {
  catalogue.add(std::make_unique<cuda::ArgReduceLines>());
  catalogue.add(std::make_unique<cuda::HardmaxLines>());
}
}  // namespace ingot
