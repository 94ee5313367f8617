#include "operators/tree_ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

// The inverse of the error function, by Winitzki's approximation, as ONNX Runtime computes probits.
double inverse_erf(double x) {
  const double sign = x < 0 ? -1 : 1, logarithm = std::log((1 - x) * (1 + x));
  const double v = 2 / (3.14159 * 0.147) + 0.5 * logarithm;
  return sign * std::sqrt(-v + std::sqrt(v * v - logarithm / 0.147));
}

void transform_row(TreeTransform transform, std::vector<double>& row) {
  switch (transform) {
    case TreeTransform::kNone: return;
    case TreeTransform::kLogistic:
      for (double& x : row) x = 1 / (1 + std::exp(-x));
      return;
    case TreeTransform::kProbit:
      for (double& x : row) x = std::sqrt(2.0) * inverse_erf(2 * x - 1);
      return;
    default: break;
  }
  const bool keeps_zeros = transform == TreeTransform::kSoftmaxZero;
  const double most = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& x : row) {
    if (keeps_zeros && std::abs(x) <= 1e-7) {
      x = 0;
      continue;
    }
    x = std::exp(x - most);
    sum += x;
  }
  for (double& x : row) x = sum > 0 ? x / sum : x;
}

bool holds(int64_t relation, double x, double split) {
  switch (relation) {
    case TreeEnsemble::kLessEqual: return x <= split;
    case TreeEnsemble::kLess: return x < split;
    case TreeEnsemble::kGreaterEqual: return x >= split;
    case TreeEnsemble::kGreater: return x > split;
    case TreeEnsemble::kEqual: return x == split;
    default: return x != split;
  }
}

}  // namespace

Status TreeEnsemble::check() const {
  const size_t nodes = relations.size(), leaves = leaf_starts.size();
  const auto same = [&](size_t length) { return length == nodes; };
  if (!same(features.size()) || !same(on_true.size()) || !same(on_false.size()) || !same(splits.size()) ||
      (!missing_true.empty() && !same(missing_true.size())))
    return invalid(fmt::format("the lists of the {} nodes differ in length", nodes));
  if (targets.size() != weights.size()) return invalid(fmt::format("there are {} targets for {} weights", targets.size(), weights.size()));
  if (target_count < 1 || target_count > INT32_MAX) return invalid(fmt::format("there are {} targets", target_count));
  if (!base.empty() && base.size() != 1 && base.size() != static_cast<size_t>(target_count))
    return invalid(fmt::format("there are {} base values for {} targets", base.size(), target_count));
  // A child stands behind its parent, so that no walk is endless.
  const auto check_child = [&](int64_t child, int64_t parent) -> Status {
    if (child >= 0 ? child <= parent || child >= static_cast<int64_t>(nodes) : ~child >= static_cast<int64_t>(leaves))
      return invalid(fmt::format("node {} has a child {}, which is no later node and no leaf", parent, child));
    return Ok{};
  };
  size_t sets = 0;
  for (size_t i = 0; i < nodes; ++i) {
    if (relations[i] < kLessEqual || relations[i] > kMember) return invalid(fmt::format("node {} has the relation {}", i, relations[i]));
    if (features[i] < 0) return invalid(fmt::format("node {} asks for feature {}", i, features[i]));
    sets += relations[i] == kMember;
    TRY(check_child(on_true[i], static_cast<int64_t>(i)));
    TRY(check_child(on_false[i], static_cast<int64_t>(i)));
  }
  for (int64_t root : roots) TRY(check_child(root, -1));
  if (set_starts.size() != sets) return invalid(fmt::format("there are {} sets for {} nodes that ask for one", set_starts.size(), sets));
  for (size_t i = 0; i < sets; ++i) {
    const int64_t end = i + 1 < sets ? set_starts[i + 1] : static_cast<int64_t>(members.size());
    if (set_starts[i] < 0 || set_starts[i] > end) return invalid("the sets do not stand one behind the other");
  }
  for (size_t i = 0; i < leaves; ++i) {
    const int64_t end = i + 1 < leaves ? leaf_starts[i + 1] : static_cast<int64_t>(weights.size());
    if (leaf_starts[i] < 0 || leaf_starts[i] > end) return invalid("the weights of the leaves do not stand one behind the other");
  }
  for (int64_t target : targets) {
    if (target < 0 || target >= target_count) return invalid(fmt::format("target {} is none of {}", target, target_count));
  }
  return Ok{};
}

Result<TensorTypes> TreeEnsemble::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  const TensorType& x = inputs[0];
  if (x.rank() != 2) return invalid("the input is " + x.text() + "; [N, features] is wanted");
  TRY(check());
  const int64_t most = features.empty() ? -1 : *std::max_element(features.begin(), features.end());
  if (x.dims[1].is_constant() && most >= x.dims[1].value())
    return invalid(fmt::format("a node asks for feature {} of {}", most, x.dims[1].text()));
  return TensorTypes{{is_floating(x.type) ? x.type : DataType::kFloat, {x.dims[0], Dim(target_count)}}};
}

Result<Arrays> TreeEnsemble::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(const TensorTypes types, infer({{x.type(), to_dims(x.shape()), std::nullopt}}));
  const int64_t rows = x.shape()[0], columns = x.shape()[1];
  TRY_ASSIGN(Array y, Array::make(types[0].type, {rows, target_count}));
  std::vector<size_t> set_of(relations.size());
  for (size_t i = 0, set = 0; i < relations.size(); ++i) {
    set_of[i] = set;
    set += relations[i] == kMember;
  }
  const auto goes_true = [&](size_t node, double value) {
    if (!missing_true.empty() && missing_true[node] && std::isnan(value)) return true;
    if (relations[node] != kMember) return holds(relations[node], value, splits[node]);
    const size_t set = set_of[node];
    const auto begin = members.begin() + set_starts[set];
    const auto end = set + 1 < set_starts.size() ? members.begin() + set_starts[set + 1] : members.end();
    return std::find(begin, end, value) != end;
  };
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<double> sums(static_cast<size_t>(target_count), 0);
    std::vector<bool> found(sums.size(), false);
    for (int64_t at : roots) {
      while (at >= 0) {
        const auto node = static_cast<size_t>(at);
        at = goes_true(node, x.number(row * columns + features[node])) ? on_true[node] : on_false[node];
      }
      const auto leaf = static_cast<size_t>(~at);
      const int64_t end = leaf + 1 < leaf_starts.size() ? leaf_starts[leaf + 1] : static_cast<int64_t>(weights.size());
      for (int64_t i = leaf_starts[leaf]; i < end; ++i) {
        const auto target = static_cast<size_t>(targets[static_cast<size_t>(i)]);
        const double weight = weights[static_cast<size_t>(i)];
        double& total = sums[target];
        if (sum == TreeSum::kMin || sum == TreeSum::kMax)
          total = !found[target] ? weight : sum == TreeSum::kMin ? std::min(total, weight) : std::max(total, weight);
        else
          total += weight;
        found[target] = true;
      }
    }
    for (size_t t = 0; t < sums.size(); ++t) {
      if (sum == TreeSum::kAverage && !roots.empty()) sums[t] /= static_cast<double>(roots.size());
      if (!base.empty()) sums[t] += base[base.size() == 1 ? 0 : t];
    }
    transform_row(transform, sums);
    for (size_t t = 0; t < sums.size(); ++t) y.set_number(row * target_count + static_cast<int64_t>(t), sums[t]);
  }
  return Arrays{y};
}

namespace {

Result<std::vector<double>> tensor_numbers(const OnnxNode& node, const char* attribute) {
  std::vector<double> numbers;
  if (!node.has(attribute)) return numbers;
  TRY_ASSIGN(const Array array, node.tensor(attribute));
  for (int64_t i = 0; i < array.count(); ++i) numbers.push_back(array.number(i));
  return numbers;
}

template <class Enum>
Result<Enum> enum_at(int64_t number, std::initializer_list<Enum> values, const char* what) {
  if (number < 0 || number >= static_cast<int64_t>(values.size())) return invalid(fmt::format("{} is {}", what, number));
  return values.begin()[number];
}

// The old form names nodes and leaves by tree and number; leaves are nodes too.
struct OldNodes {
  std::vector<int64_t> trees, numbers, features, on_true, on_false, missing_true;
  std::vector<double> values;
  std::vector<std::string> modes;
};

Result<int64_t> relation_of(const std::string& mode) {
  static constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"};
  for (size_t i = 0; i < std::size(kModes); ++i) {
    if (kModes[i] == mode) return static_cast<int64_t>(i);
  }
  return invalid("a node's mode is '" + mode + "'; it is BRANCH_LEQ, its kin or LEAF");
}

}  // namespace

Result<Tensor*> TreeEnsemble::from_onnx(const OnnxNode& node, Network& network) {
  TreeEnsemble op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::vector<double> modes, tensor_numbers(node, "nodes_modes"));
  op.relations.assign(modes.begin(), modes.end());
  TRY_ASSIGN(op.features, node.integers("nodes_featureids", {}));
  TRY_ASSIGN(op.splits, tensor_numbers(node, "nodes_splits"));
  TRY_ASSIGN(op.missing_true, node.integers("nodes_missing_value_tracks_true", {}));
  TRY_ASSIGN(op.on_true, node.integers("nodes_truenodeids", {}));
  TRY_ASSIGN(op.on_false, node.integers("nodes_falsenodeids", {}));
  TRY_ASSIGN(const std::vector<int64_t> true_leaves, node.integers("nodes_trueleafs", {}));
  TRY_ASSIGN(const std::vector<int64_t> false_leaves, node.integers("nodes_falseleafs", {}));
  TRY_ASSIGN(op.roots, node.integers("tree_roots", {}));
  TRY_ASSIGN(op.targets, node.integers("leaf_targetids", {}));
  TRY_ASSIGN(op.weights, tensor_numbers(node, "leaf_weights"));
  TRY_ASSIGN(const std::vector<double> members, tensor_numbers(node, "membership_values"));
  TRY_ASSIGN(op.target_count, node.integer("n_targets", 1));
  TRY_ASSIGN(const int64_t aggregate, node.integer("aggregate_function", 1));
  TRY_ASSIGN(const int64_t transform, node.integer("post_transform", 0));
  TRY_ASSIGN(op.sum, enum_at(aggregate, {TreeSum::kAverage, TreeSum::kSum, TreeSum::kMin, TreeSum::kMax}, "aggregate_function"));
  TRY_ASSIGN(op.transform, enum_at(transform,
                                   {TreeTransform::kNone, TreeTransform::kSoftmax, TreeTransform::kLogistic, TreeTransform::kSoftmaxZero,
                                    TreeTransform::kProbit},
                                   "post_transform"));
  const size_t count = op.relations.size();
  if (op.on_true.size() != count || op.on_false.size() != count || true_leaves.size() != count || false_leaves.size() != count)
    return invalid(fmt::format("the attributes of the {} nodes differ in length", count));
  for (size_t i = 0; i < count; ++i) {
    if (true_leaves[i]) op.on_true[i] = ~op.on_true[i];
    if (false_leaves[i]) op.on_false[i] = ~op.on_false[i];
  }
  for (size_t i = 0; i < op.weights.size(); ++i) op.leaf_starts.push_back(static_cast<int64_t>(i));
  // A tree of one leaf is written as a node whose two children are that leaf, so roots are nodes always. NaN ends a set.
  bool starts = true;
  for (double member : members) {
    if (starts) op.set_starts.push_back(static_cast<int64_t>(op.members.size()));
    starts = std::isnan(member);
    if (!starts) op.members.push_back(member);
  }
  for (double& split : op.splits) {
    if (std::isnan(split)) split = 0;  // of nodes that ask for a set
  }
  return network.add(op, {x}, node.name());
}

Result<Tensor*> TreeEnsemble::from_onnx_regressor(const OnnxNode& node, Network& network) {
  TreeEnsemble op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  OldNodes old;
  TRY_ASSIGN(old.trees, node.integers("nodes_treeids", {}));
  TRY_ASSIGN(old.numbers, node.integers("nodes_nodeids", {}));
  TRY_ASSIGN(old.features, node.integers("nodes_featureids", {}));
  TRY_ASSIGN(old.on_true, node.integers("nodes_truenodeids", {}));
  TRY_ASSIGN(old.on_false, node.integers("nodes_falsenodeids", {}));
  TRY_ASSIGN(old.missing_true, node.integers("nodes_missing_value_tracks_true", {}));
  TRY_ASSIGN(old.modes, node.words("nodes_modes", {}));
  TRY_ASSIGN(old.values, node.numbers("nodes_values", {}));
  if (node.has("nodes_values_as_tensor")) {
    TRY_ASSIGN(old.values, tensor_numbers(node, "nodes_values_as_tensor"));
  }
  const size_t count = old.trees.size();
  if (old.numbers.size() != count || old.features.size() != count || old.on_true.size() != count || old.on_false.size() != count ||
      old.modes.size() != count || old.values.size() != count || (!old.missing_true.empty() && old.missing_true.size() != count))
    return invalid(fmt::format("the attributes of the {} nodes differ in length", count));
  TRY_ASSIGN(const std::vector<int64_t> target_trees, node.integers("target_treeids", {}));
  TRY_ASSIGN(const std::vector<int64_t> target_nodes, node.integers("target_nodeids", {}));
  TRY_ASSIGN(const std::vector<int64_t> target_ids, node.integers("target_ids", {}));
  TRY_ASSIGN(std::vector<double> target_weights, node.numbers("target_weights", {}));
  if (node.has("target_weights_as_tensor")) {
    TRY_ASSIGN(target_weights, tensor_numbers(node, "target_weights_as_tensor"));
  }
  if (target_nodes.size() != target_trees.size() || target_ids.size() != target_trees.size() ||
      target_weights.size() != target_trees.size())
    return invalid(fmt::format("the attributes of the {} targets differ in length", target_trees.size()));
  using Key = std::pair<int64_t, int64_t>;
  std::multimap<Key, size_t> weights_at;
  for (size_t i = 0; i < target_trees.size(); ++i) weights_at.emplace(Key{target_trees[i], target_nodes[i]}, i);
  // Parents first: each tree is walked from its root, which is its first node.
  std::map<Key, size_t> place;
  for (size_t i = 0; i < count; ++i) place.emplace(Key{old.trees[i], old.numbers[i]}, i);
  std::map<size_t, int64_t> known;  // old node to new node or leaf
  std::vector<size_t> queue;
  std::set<int64_t> seen;
  for (size_t i = 0; i < count; ++i) {
    if (seen.insert(old.trees[i]).second) queue.push_back(i);
  }
  const size_t root_count = queue.size();
  const auto enter = [&](size_t old_node) {
    if (old.modes[old_node] != "LEAF") {
      known[old_node] = static_cast<int64_t>(op.relations.size());
      op.relations.push_back(0);
      return;
    }
    known[old_node] = ~static_cast<int64_t>(op.leaf_starts.size());
    op.leaf_starts.push_back(static_cast<int64_t>(op.weights.size()));
    const auto [from, to] = weights_at.equal_range({old.trees[old_node], old.numbers[old_node]});
    for (auto entry = from; entry != to; ++entry) {
      op.targets.push_back(target_ids[entry->second]);
      op.weights.push_back(target_weights[entry->second]);
    }
  };
  for (size_t i = 0; i < root_count; ++i) {
    enter(queue[i]);
    op.roots.push_back(known[queue[i]]);
  }
  for (size_t at = 0; at < queue.size(); ++at) {
    const size_t i = queue[at];
    if (old.modes[i] == "LEAF") continue;
    int64_t children[2];
    const int64_t numbers[] = {old.on_true[i], old.on_false[i]};
    for (size_t side = 0; side < 2; ++side) {
      const auto child = place.find({old.trees[i], numbers[side]});
      if (child == place.end() || known.contains(child->second))
        return invalid(fmt::format("node {} of tree {} has a child {}, which is missing or has another parent", old.numbers[i],
                                   old.trees[i], numbers[side]));
      enter(child->second);
      queue.push_back(child->second);
      children[side] = known[child->second];
    }
    TRY_ASSIGN(op.relations[static_cast<size_t>(known[i])], relation_of(old.modes[i]));
    op.features.push_back(old.features[i]);
    op.splits.push_back(old.values[i]);
    op.on_true.push_back(children[0]);
    op.on_false.push_back(children[1]);
    if (!old.missing_true.empty()) op.missing_true.push_back(old.missing_true[i]);
  }
  TRY_ASSIGN(op.target_count, node.integer("n_targets", 1));
  TRY_ASSIGN(op.base, node.numbers("base_values", {}));
  TRY_ASSIGN(const std::string aggregate, node.word("aggregate_function", "SUM"));
  TRY_ASSIGN(const std::string transform, node.word("post_transform", "NONE"));
  std::string lower = aggregate;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  TRY(op.set_field("sum", lower));
  lower = transform;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  TRY(op.set_field("transform", lower));
  return network.add(op, {x}, node.name());
}

OPERATOR(TreeEnsemble, tree_ensemble, {"TreeEnsemble", one_output<TreeEnsemble::from_onnx>, "ai.onnx.ml"},
         {"TreeEnsembleRegressor", one_output<TreeEnsemble::from_onnx_regressor>, "ai.onnx.ml"})

using namespace testing;

EXAMPLE("each tree gives what the row's leaf holds") {
  // x0 <= 1 ? (x1 > 2 ? 10 to t0 : 20 to t1) : 30 to t0, and a tree that asks whether x1 is 2 or 4.
  const std::string trees =
      " relations=[0, 3, 6] features=[0, 1, 1] splits=[1, 2, 0] on_true=[1, -1, -4] on_false=[-3, -2, -5] set_starts=[0] members=[2, 4] "
      "roots=[0, 2] leaf_starts=[0, 1, 2, 3, 4] targets=[0, 1, 0, 1, 1] weights=[10, 20, 30, 1, 2] target_count=2";
  const std::vector<Values> x = {{{3, 2}, {0, 3, 1, 2, 5, 4}}};
  expect_values("input x [3, 2]\ny = tree_ensemble(x)" + trees + "\noutput y\n", x, {10, 2, 0, 21, 30, 1});
  expect_values("input x [3, 2]\ny = tree_ensemble(x) sum=average base=[1]" + trees + "\noutput y\n", x, {6, 2, 1, 11.5, 16, 1.5});
  expect_values("input x [3, 2]\ny = tree_ensemble(x) sum=max" + trees + "\noutput y\n", x, {10, 2, 0, 20, 30, 1});
}

EXAMPLE("trees that lead back are refused") {
  expect_error(
      "input x [3, 2]\ny = tree_ensemble(x) relations=[0] features=[0] splits=[1] on_true=[0] on_false=[-1] roots=[0] leaf_starts=[0] "
      "targets=[0] weights=[1]\noutput y\n",
      "node 0 has a child 0, which is no later node and no leaf");
}

}  // namespace ingot
