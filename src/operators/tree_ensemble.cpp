#include "operators/tree_ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
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

OPERATOR(TreeEnsemble, tree_ensemble)

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

EXAMPLE("what trees give is made probabilities") {
  // One tree: x0 < 1 ? {1 to t0, -2 to t1} : {3 to t1}, where NaN goes the way of true.
  const std::string tree =
      " relations=[1] features=[0] splits=[1] on_true=[-1] on_false=[-2] missing_true=[1] roots=[0] leaf_starts=[0, 2] targets=[0, 1, 1] "
      "weights=[1, -2, 3] target_count=2";
  const std::vector<Values> x = {{{2, 1}, {0, 1}}};
  expect_values("input x [2, 1]\ny = tree_ensemble(x) transform=logistic" + tree + "\noutput y\n", x,
                {0.7310585786, 0.119202922, 0.5, 0.9525741268});
  expect_values("input x [2, 1]\ny = tree_ensemble(x) transform=softmax" + tree + "\noutput y\n", x,
                {0.9525741268, 0.0474258732, 0.0474258732, 0.9525741268});
  expect_values("input x [2, 1]\ny = tree_ensemble(x) transform=softmax_zero" + tree + "\noutput y\n", x,
                {0.9525741268, 0.0474258732, 0, 1});
  expect_values("input x [2, 1]\ny = tree_ensemble(x) base=[0.5, 1] sum=min" + tree + "\noutput y\n", x, {1.5, -1, 0.5, 4});
}

EXAMPLE("trees that lead back are refused") {
  expect_error(
      "input x [3, 2]\ny = tree_ensemble(x) relations=[0] features=[0] splits=[1] on_true=[0] on_false=[-1] roots=[0] leaf_starts=[0] "
      "targets=[0] weights=[1]\noutput y\n",
      "node 0 has a child 0, which is no later node and no leaf");
}

}  // namespace ingot
