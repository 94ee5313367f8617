// cuda.einsum: sums of products of any equation, for those that are no matrix product.
#include "operators/einsum.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct EinsumSums final : CallTactic {
  std::string_view name() const override { return "cuda.einsum"; }
  Status takes(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Einsum*>(problem.op), std::string(problem.op->name()) + " is no einsum");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    TRY_ASSIGN(const Einsum::Walk walk, static_cast<const Einsum&>(*problem.op).walk(inputs));
    Call call;
    auto& p = call.parameters;
    TRY_ASSIGN(p.count, volume(outputs[0]));
    TRY_ASSIGN(p.sizes[1], volume(walk.inner));
    std::vector<int64_t> table = walk.outer;
    table.insert(table.end(), walk.inner.begin(), walk.inner.end());
    for (const Shape& strides : walk.strides) table.insert(table.end(), strides.begin(), strides.end());
    TRY_ASSIGN(DeviceMemory memory, uploaded(device, table.data(), table.size() * sizeof(int64_t)));
    p.sizes[0] = static_cast<long long>(reinterpret_cast<intptr_t>(memory.get()));
    call.tables.push_back(std::move(memory));
    const DataType type = problem.inputs[0].type;
    const int lanes = p.sizes[1] >= 64 ? 32 : 1;
    const auto flag = [](const char* name, int64_t value) { return std::string("#define ") + name + " " + std::to_string(value) + "\n"; };
    TRY(call.add(device, "einsum",
                 storage_definition("X", type) + "typedef " + compute_type(type) + " COMPUTE;\ntypedef " +
                     (is_floating(type) ? compute_type(type) : "uint64") + " SUM;\n" +
                     flag("OPERANDS", static_cast<int64_t>(inputs.size())) + flag("OUTER", static_cast<int64_t>(walk.outer.size())) +
                     flag("INNER", static_cast<int64_t>(walk.inner.size())) + flag("LANES", lanes),
                 "einsum", p.count * lanes));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::EinsumSums, cuda, einsum)
}  // namespace ingot
