// cuda.scatter_elements, cuda.scatter_nd: updates of one place join in their order, so that all runs give the same bits.
#include "operators/scatter_elements.h"
#include "operators/scatter_nd.h"
#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

std::string join_code(ScatterReduction reduction, DataType type) {
  const bool is_bool = type == DataType::kBool;  // sums and products of bools are or and and
  switch (reduction) {
    case ScatterReduction::kAdd: return is_bool ? "a | b" : is_floating(type) ? "a + b" : "(uint64)a + (uint64)b";
    case ScatterReduction::kMul: return is_bool ? "a & b" : is_floating(type) ? "a * b" : "(uint64)a * (uint64)b";
    case ScatterReduction::kMax: return "a < b ? b : a";
    case ScatterReduction::kMin: return "b < a ? b : a";
    default: return "b";
  }
}

struct ScatterTactic final : CallTactic {
  explicit ScatterTactic(bool by_tuple) : by_tuple_(by_tuple) {}
  std::string_view name() const override { return by_tuple_ ? "cuda.scatter_nd" : "cuda.scatter_elements"; }

  Status takes(const Problem& problem) const override {
    REQUIRES(
        by_tuple_ ? dynamic_cast<const ScatterNd*>(problem.op) != nullptr : dynamic_cast<const ScatterElements*>(problem.op) != nullptr,
        std::string(problem.op->name()) + " is another operator");
    return all_linear(problem);
  }

  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    Call call;
    const Shape &x = inputs[0], &indices = inputs[1];
    auto& sizes = call.parameters.sizes;
    const auto rank = static_cast<size_t>(by_tuple_ ? indices.back() : static_cast<int64_t>(x.size()));
    if (rank > kMostRank) return unsupported("indices of more than " + std::to_string(kMostRank) + " dimensions");
    TRY_ASSIGN(call.parameters.count, volume(outputs[0]));
    TRY_ASSIGN(const int64_t indices_count, volume(indices));
    ScatterReduction reduction;
    int64_t inner = 1;
    Shape strides = row_major_strides(x);
    if (by_tuple_) {
      reduction = static_cast<const ScatterNd&>(*problem.op).reduction;
      for (size_t d = rank; d < x.size(); ++d) inner *= x[d];
      sizes[0] = 1;
      for (size_t d = 0; d + 1 < indices.size(); ++d) sizes[0] *= indices[d];
      for (size_t d = 0; d < rank; ++d) sizes[8 + d] = x[d];
    } else {
      const auto& op = static_cast<const ScatterElements&>(*problem.op);
      reduction = op.reduction;
      TRY_ASSIGN(sizes[4], normalize_axis(op.axis, static_cast<int64_t>(rank)));
      sizes[5] = rank == 0 ? 1 : x[static_cast<size_t>(sizes[4])];
      sizes[0] = indices_count;
      for (size_t d = 0; d < rank; ++d) sizes[8 + d] = indices[d];
    }
    const int64_t slots = inner == 0 ? 0 : call.parameters.count / inner;
    if (slots > INT32_MAX || sizes[0] > INT32_MAX) return unsupported("more than 2^31 slices to scatter");
    sizes[1] = slots;
    sizes[2] = inner;
    sizes[3] = static_cast<int64_t>(rank);
    for (size_t d = 0; d < rank; ++d) sizes[16 + d] = inner == 0 ? 0 : strides[d] / inner;
    const DataType type = problem.inputs[0].type;
    const bool last_wins = reduction == ScatterReduction::kNone;
    // Sums and products of floats hang on the order.
    const bool ordered = is_floating(type) && (reduction == ScatterReduction::kAdd || reduction == ScatterReduction::kMul);
    call.workspace_bytes = static_cast<size_t>(slots + (last_wins ? 0 : sizes[0])) * sizeof(int);
    const std::string code = storage_definition("ELEMENT", type) + storage_definition("INDEX_TYPE", problem.inputs[1].type) + "typedef " +
                             compute_type(type) + " COMPUTE;\n#define TARGET " + (by_tuple_ ? "tuple_target" : "element_target") +
                             "\n#define JOIN " + join_code(reduction, type) + "\n" + (last_wins ? "#define LAST_WINS 1\n" : "");
    TRY(call.add(device, "scatter", code, "scatter_clear", slots));
    TRY(call.add(device, "scatter", code, "scatter_link", sizes[0]));
    if (ordered) TRY(call.add(device, "scatter", code, "scatter_order", slots));
    TRY(call.add(device, "scatter", code, "scatter_apply", call.parameters.count));
    return call;
  }

 private:
  bool by_tuple_;
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
#define REGISTER_TACTICS(function) void function(TacticCatalogue& catalogue)
REGISTER_TACTICS(register_tactic_cuda_scatter) {
  catalogue.add(std::make_unique<cuda::ScatterTactic>(false));
  catalogue.add(std::make_unique<cuda::ScatterTactic>(true));
}
}  // namespace ingot
