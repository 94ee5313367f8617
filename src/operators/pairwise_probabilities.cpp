#include "operators/pairwise_probabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/moving.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {
namespace {

constexpr int64_t kMostClasses = 1 << 15;

// q[t, t] = the sum of r_jt^2 over the others, q[t, j] = -r_jt r_tj: what is minimized is p q p.
std::vector<double> couple(const std::vector<double>& q, size_t count) {
  std::vector<double> p(count, 1.0 / static_cast<double>(count)), slope(count);
  const double enough = 0.005 / static_cast<double>(count);
  const size_t rounds = std::max<size_t>(100, count);
  for (size_t round = 0; round < rounds; ++round) {
    double value = 0, farthest = 0;
    for (size_t t = 0; t < count; ++t) {
      slope[t] = 0;
      for (size_t j = 0; j < count; ++j) slope[t] += q[t * count + j] * p[j];
      value += p[t] * slope[t];
    }
    for (size_t t = 0; t < count; ++t) farthest = std::max(farthest, std::abs(slope[t] - value));
    if (farthest < enough) break;
    // One coordinate after the other steps to its best place; all are scaled back to the sum 1.
    for (size_t t = 0; t < count; ++t) {
      const double own = q[t * count + t], step = (value - slope[t]) / own, scale = 1 / (1 + step);
      p[t] += step;
      value = (value + step * (step * own + 2 * slope[t])) * scale * scale;
      for (size_t j = 0; j < count; ++j) {
        slope[j] = (slope[j] + step * q[t * count + j]) * scale;
        p[j] *= scale;
      }
    }
  }
  return p;
}

}  // namespace

Result<TensorTypes> PairwiseProbabilities::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 1));
  if (classes < 2 || classes > kMostClasses) return invalid(fmt::format("there are {} classes; 2 to {} are wanted", classes, kMostClasses));
  const int64_t pairs = classes * (classes - 1) / 2;
  const TensorType& r = inputs[0];
  if (r.rank() != 2 || !is_floating(r.type) || (r.dims[1].is_constant() && !r.dims[1].is(pairs)))
    return invalid(fmt::format("the input is {}; the {} pairs of {} classes are wanted as [N, {}]", r.text(), pairs, classes, pairs));
  return TensorTypes{{r.type, {r.dims[0], Dim(classes)}}};
}

Result<Arrays> PairwiseProbabilities::evaluate(const Arrays& inputs) const {
  const Array& r = inputs[0];
  const auto count = static_cast<size_t>(classes);
  const int64_t rows = r.shape()[0], pairs = r.shape()[1];
  TRY_ASSIGN(Array y, Array::make(r.type(), {rows, classes}));
  std::vector<double> q(count * count);
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(q.begin(), q.end(), 0.0);
    int64_t at = row * pairs;
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = i + 1; j < count; ++j) {
        // Never quite sure, so that no q[t, t] is 0.
        const double mine = std::clamp(r.number(at++), 1e-7, 1 - 1e-7), other = 1 - mine;
        q[i * count + i] += other * other;
        q[j * count + j] += mine * mine;
        q[i * count + j] = q[j * count + i] = -other * mine;
      }
    }
    const std::vector<double> p = couple(q, count);
    for (size_t t = 0; t < count; ++t) y.set_number(row * classes + static_cast<int64_t>(t), p[t]);
  }
  return Arrays{y};
}

OPERATOR(PairwiseProbabilities, pairwise_probabilities)

using namespace testing;

EXAMPLE("a pair's probability is its classes'") {
  expect_values("input r [2, 1]\np = pairwise_probabilities(r)\noutput p\n", {{{2, 1}, {0.75, 0.5}}}, {0.75, 0.25, 0.5, 0.5});
}

EXAMPLE("pairs that agree give the probabilities they come from") {
  // p = (1/2, 1/4, 1/4): r = 2/3, 2/3, 1/2. The search ends within 0.005 / 3.
  PairwiseProbabilities op;
  op.classes = 3;
  auto y = op.evaluate({Array::of(DataType::kFloat, {1, 3}, std::vector<double>{2 / 3.0, 2 / 3.0, 0.5})});
  expect_true(y.ok(), "it evaluates");
  for (int64_t i = 0; i < 3; ++i) expect_true(std::abs((*y)[0].number(i) - (i == 0 ? 0.5 : 0.25)) < 0.005, "each is close");
}

EXAMPLE("the number of pairs must be that of the classes") {
  expect_error("input r [2, 4]\np = pairwise_probabilities(r) classes=3\noutput p\n", "the 3 pairs of 3 classes are wanted as [N, 3]");
}

}  // namespace ingot
