// cuda.onehot: a thread for each element.
#include "operators/onehot.h"

#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

struct OneHotElements final : CallTactic {
  std::string_view name() const override { return "cuda.onehot"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const OneHot*>(problem.op), std::string(problem.op->name()) + " is no onehot");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>&,
                    const std::vector<Shape>& outputs) const override {
    Call call;
    TRY_ASSIGN(const Lines lines, Lines::make(outputs[0], static_cast<const OneHot&>(*problem.op).axis));
    TRY_ASSIGN(call.parameters.count, volume(outputs[0]));
    call.parameters.sizes[0] = lines.length;
    call.parameters.sizes[1] = lines.after;
    const std::string code =
        storage_definition("INDEX_TYPE", problem.inputs[0].type) + moved_definition("ELEMENT", bits_of(problem.outputs[0].type) / 8);
    TRY(call.add(device, "onehot", code, "onehot", call.parameters.count));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::OneHotElements, cuda, onehot)
}  // namespace ingot
