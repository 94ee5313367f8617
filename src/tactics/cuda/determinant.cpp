// cuda.determinant: a block a matrix.
#include "operators/determinant.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct DeterminantBlocks final : CallTactic {
  std::string_view name() const override { return "cuda.determinant"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Determinant*>(problem.op), std::string(problem.op->name()) + " is no determinant");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    Call call;
    const int64_t rows = inputs[0].back();
    if (inputs[0][inputs[0].size() - 2] != rows) return invalid(to_text(inputs[0]) + " are no square matrices");
    if (rows > INT32_MAX) return unsupported("matrices of " + std::to_string(rows) + " rows");
    TRY_ASSIGN(const int64_t count, volume(outputs[0]));
    call.parameters.sizes[0] = rows;
    call.workspace_bytes = static_cast<size_t>(count * rows * rows) * sizeof(double);
    const DataType type = problem.inputs[0].type;
    TRY(call.add_grid(device, "determinant", storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\n", "determinant",
                      {count}));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::DeterminantBlocks, cuda, determinant)
}  // namespace ingot
