// y[n, t] = the sum (mean, least, largest) over all trees of what the leaf that row n of x falls into holds for target t.
// Source: ONNX (ai.onnx.ml) TreeEnsemble-5, TreeEnsembleRegressor-3, TreeEnsembleClassifier-3.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class TreeSum { kSum, kAverage, kMin, kMax };
inline EnumWords<TreeSum> words_of(TreeSum) {
  return {{TreeSum::kSum, "sum"}, {TreeSum::kAverage, "average"}, {TreeSum::kMin, "min"}, {TreeSum::kMax, "max"}};
}
enum class TreeTransform { kNone, kSoftmax, kLogistic, kSoftmaxZero, kProbit };
inline EnumWords<TreeTransform> words_of(TreeTransform) {
  return {{TreeTransform::kNone, "none"},
          {TreeTransform::kSoftmax, "softmax"},
          {TreeTransform::kLogistic, "logistic"},
          {TreeTransform::kSoftmaxZero, "softmax_zero"},  // zeros stay, and count for nothing
          {TreeTransform::kProbit, "probit"}};
}

// Input x [N, F]. Node i asks whether x[feature] <relation> split; a child is a node, or the leaf ~child where it is negative.
struct TreeEnsemble final : OperatorBase<TreeEnsemble> {
  static constexpr const char* kName = "tree_ensemble";
  enum Relation : int64_t { kLessEqual, kLess, kGreaterEqual, kGreater, kEqual, kNotEqual, kMember };
  std::vector<int64_t> relations, features, on_true, on_false;
  std::vector<int64_t> missing_true;  // 1 where NaN goes the way of true; empty: nowhere
  std::vector<double> splits;
  std::vector<int64_t> set_starts;  // of nodes with kMember, in their order: where their numbers begin in `members`
  std::vector<double> members;
  std::vector<int64_t> roots;        // one a tree; may be a leaf
  std::vector<int64_t> leaf_starts;  // of each leaf: where its weights begin
  std::vector<int64_t> targets;      // of each weight
  std::vector<double> weights;
  std::vector<double> base;  // added to the targets; empty: 0
  int64_t target_count = 1;
  TreeSum sum = TreeSum::kSum;
  TreeTransform transform = TreeTransform::kNone;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("relations", relations);
    visit("features", features);
    visit("on_true", on_true);
    visit("on_false", on_false);
    visit("missing_true", missing_true);
    visit("splits", splits);
    visit("set_starts", set_starts);
    visit("members", members);
    visit("roots", roots);
    visit("leaf_starts", leaf_starts);
    visit("targets", targets);
    visit("weights", weights);
    visit("base", base);
    visit("target_count", target_count);
    visit("sum", sum);
    visit("transform", transform);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;

 private:
  // An error where a list has another length than the others, or a child, feature or target lies outside.
  Status check() const;
};

}  // namespace ingot
