// cuda.pairwise_probabilities: a thread for each row.
#include "operators/pairwise_probabilities.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct PairRows final : CallTactic {
  std::string_view name() const override { return "cuda.pairwise_probabilities"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const PairwiseProbabilities*>(problem.op), std::string(problem.op->name()) + " is no pairwise_probabilities");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>&) const override {
    const int64_t rows = inputs[0][0], classes = static_cast<const PairwiseProbabilities&>(*problem.op).classes;
    Call call;
    call.parameters.sizes[0] = rows;
    call.parameters.sizes[1] = classes;
    call.workspace_bytes = static_cast<size_t>(rows * classes * 3) * sizeof(double);
    const DataType type = problem.inputs[0].type;
    TRY(call.add(device, "pairwise_probabilities", storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n",
                 "couple_pairs", rows, 64));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::PairRows, cuda, pairwise_probabilities)
}  // namespace ingot
