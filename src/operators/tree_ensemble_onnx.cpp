// ai.onnx.ml's tree ensembles, of the newest form and of the older one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "operators/classifier.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/tree_ensemble.h"

namespace ingot {
namespace {

Result<std::vector<double>> tensor_numbers(const OnnxNode& node, const std::string& attribute) {
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

Result<Tensor*> tree_ensemble(const OnnxNode& node, Network& network) {
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

// The ensemble of the old form but for its transform; `goal` is "target" or "class", as in target_ids.
Result<TreeEnsemble> read_old_form(const OnnxNode& node, const std::string& goal) {
  TreeEnsemble op;
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
  TRY_ASSIGN(const std::vector<int64_t> target_trees, node.integers(goal + "_treeids", {}));
  TRY_ASSIGN(const std::vector<int64_t> target_nodes, node.integers(goal + "_nodeids", {}));
  TRY_ASSIGN(const std::vector<int64_t> target_ids, node.integers(goal + "_ids", {}));
  TRY_ASSIGN(std::vector<double> target_weights, node.numbers(goal + "_weights", {}));
  if (node.has(goal + "_weights_as_tensor")) {
    TRY_ASSIGN(target_weights, tensor_numbers(node, goal + "_weights_as_tensor"));
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
  TRY_ASSIGN(op.base, node.numbers("base_values", {}));
  if (node.has("base_values_as_tensor")) {
    TRY_ASSIGN(op.base, tensor_numbers(node, "base_values_as_tensor"));
  }
  return op;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

Result<Tensor*> regressor(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(TreeEnsemble op, read_old_form(node, "target"));
  TRY_ASSIGN(op.target_count, node.integer("n_targets", 1));
  TRY_ASSIGN(const std::string aggregate, node.word("aggregate_function", "SUM"));
  TRY_ASSIGN(const std::string transform, node.word("post_transform", "NONE"));
  TRY(op.set_field("sum", lower_case(aggregate)));
  TRY(op.set_field("transform", lower_case(transform)));
  return network.add(op, {x}, node.name());
}

// Of two classes the trees may score one alone: the second, whatever its number, as exporters write it (0). Where no weight is negative
// the score is a probability, and the label changes at 0.5.
Result<std::vector<Tensor*>> classifier(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const ClassLabels labels, class_labels(node, "classlabels_int64s"));
  TRY_ASSIGN(TreeEnsemble op, read_old_form(node, "class"));
  const bool one_score =
      labels.count == 2 && !op.targets.empty() && std::equal(op.targets.begin() + 1, op.targets.end(), op.targets.begin());
  op.target_count = one_score ? 1 : labels.count;
  if (!op.base.empty() && static_cast<int64_t>(op.base.size()) != op.target_count)
    return unsupported(fmt::format("there are {} base values for {} scores", op.base.size(), op.target_count));
  Tensor* places = nullptr;
  Tensor* scores = nullptr;
  if (one_score) {
    if (op.targets[0] != 0 && op.targets[0] != 1) return invalid(fmt::format("a leaf holds a weight of class {} of 2", op.targets[0]));
    op.targets.assign(op.targets.size(), 0);
    const bool is_signed = *std::min_element(op.weights.begin(), op.weights.end()) < 0;
    TRY_ASSIGN(scores, network.add(op, {x}, node.name()));
    TRY_ASSIGN(places, places_above(network, scores, is_signed ? 0 : 0.5));
    TRY_ASSIGN(scores, two_scores(node, network, scores, is_signed));
  } else {
    TRY_ASSIGN(scores, network.add(op, {x}, node.name()));
    TRY_ASSIGN(places, places_of_largest(network, scores));
    TRY_ASSIGN(scores, transformed_scores(node, network, scores));
  }
  TRY_ASSIGN(Tensor * label, labels_at(labels, network, places));
  return std::vector<Tensor*>{label, scores};
}

}  // namespace

REGISTER_OPERATORS(tree_ensemble_onnx) {
  constexpr const char* kDomain = "ai.onnx.ml";
  catalogue.add_onnx("TreeEnsemble", one_output<tree_ensemble>, kDomain);
  catalogue.add_onnx("TreeEnsembleRegressor", one_output<regressor>, kDomain);
  catalogue.add_onnx("TreeEnsembleClassifier", classifier, kDomain);
}

}  // namespace ingot
