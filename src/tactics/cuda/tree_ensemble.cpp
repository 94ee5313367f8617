// cuda.tree_ensemble: a thread walks all trees for each row and target.
#include "operators/tree_ensemble.h"

#include "tactics/cuda/call.h"
#include "tactics/cuda/expression_code.h"

namespace ingot::cuda {
namespace {

struct Node {
  int32_t relation, feature, on_true, on_false, missing_true, set_begin, set_end;
};

std::vector<Node> nodes_of(const TreeEnsemble& op) {
  std::vector<Node> nodes;
  size_t set = 0;
  for (size_t i = 0; i < op.relations.size(); ++i) {
    Node node{static_cast<int32_t>(op.relations[i]),
              static_cast<int32_t>(op.features[i]),
              static_cast<int32_t>(op.on_true[i]),
              static_cast<int32_t>(op.on_false[i]),
              !op.missing_true.empty() && op.missing_true[i] ? 1 : 0,
              0,
              0};
    if (op.relations[i] == TreeEnsemble::kMember) {
      node.set_begin = static_cast<int32_t>(op.set_starts[set]);
      node.set_end = ++set < op.set_starts.size() ? static_cast<int32_t>(op.set_starts[set]) : static_cast<int32_t>(op.members.size());
    }
    nodes.push_back(node);
  }
  return nodes;
}

std::vector<int32_t> narrow(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

struct TreeWalks final : CallTactic {
  std::string_view name() const override { return "cuda.tree_ensemble"; }
  Status takes(const Problem& problem) const override {
    const auto* op = dynamic_cast<const TreeEnsemble*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no tree_ensemble");
    for (const size_t count : {op->relations.size(), op->leaf_starts.size(), op->weights.size(), op->members.size()})
      REQUIRES(count < INT32_MAX, "there are " + std::to_string(count) + " nodes, leaves, weights or members");
    return all_linear(problem);
  }
  Result<Call> call(CudaDevice& device, const Problem& problem, const std::vector<Shape>& inputs,
                    const std::vector<Shape>& outputs) const override {
    const auto& op = static_cast<const TreeEnsemble&>(*problem.op);
    Call call;
    const auto add = [&](size_t input, const auto& values) -> Status {
      TRY_ASSIGN(DeviceMemory table, uploaded(device, values.data(), values.size() * sizeof(values[0])));
      call.parameters.inputs[input] = table.get();
      call.tables.push_back(std::move(table));
      return Ok{};
    };
    std::vector<int32_t> starts = narrow(op.leaf_starts);
    starts.push_back(static_cast<int32_t>(op.weights.size()));
    std::vector<double> base(static_cast<size_t>(op.target_count), op.base.size() == 1 ? op.base[0] : 0);
    if (op.base.size() > 1) base = op.base;
    TRY(add(1, nodes_of(op)));
    TRY(add(2, op.splits));
    TRY(add(3, op.members));
    TRY(add(4, narrow(op.roots)));
    TRY(add(5, starts));
    TRY(add(6, narrow(op.targets)));
    TRY(add(7, op.weights));
    TRY(add(8, base));
    const int64_t rows = inputs[0][0];
    const int64_t sizes[] = {rows, inputs[0][1], op.target_count, static_cast<int64_t>(op.roots.size())};
    std::copy(std::begin(sizes), std::end(sizes), call.parameters.sizes);
    TRY_ASSIGN(const int64_t elements, volume(outputs[0]));
    call.workspace_bytes = static_cast<size_t>(elements) * sizeof(double);
    const DataType to = problem.outputs[0].type;
    const std::string code = storage_definition("X", problem.inputs[0].type) + storage_definition("Y", to) + store_definition(to) +
                             "#define SUM " + std::to_string(static_cast<int>(op.sum)) + "\n#define TRANSFORM " +
                             std::to_string(static_cast<int>(op.transform)) + "\n";
    TRY(call.add(device, "tree_ensemble", code, "walk_trees", elements));
    TRY(call.add(device, "tree_ensemble", code, "transform_sums", rows));
    return call;
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::TreeWalks, cuda, tree_ensemble)
}  // namespace ingot
