// cuda.multinomial: a block a row of probabilities.
#include "operators/multinomial.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct MultinomialRows final : CallTactic {
  std::string_view name() const override { return "cuda.multinomial"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Multinomial*>(problem.op), std::string(problem.op->name()) + " is no multinomial");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const Multinomial&>(*problem.op);
    Call call;
    call.parameters.sizes[0] = inputs[0][1];
    call.parameters.sizes[1] = outputs[0][1];
    call.parameters.sizes[2] = op.seed;
    if (outputs[0][1] == 0) return call;
    if (inputs[0][1] == 0 && inputs[0][0] > 0) return invalid("there are no classes to draw from");
    TRY(call.add_grid(device, "multinomial",
                      std::string(kernel_text("uniform")) + storage_definition("X", problem.inputs[0].type) +
                          storage_definition("Y", op.to) + "typedef " + compute_type(op.to) + " COMPUTE;\n",
                      "multinomial", {inputs[0][0]}));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::MultinomialRows, cuda, multinomial)
}  // namespace ingot
