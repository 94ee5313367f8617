// (x - mean(x)) / sqrt(mean((x - mean(x))^2) + e) => layer normalization; x / sqrt(mean(x^2) + e) => rms normalization
#include "operators/normalization.h"
#include "operators/reduce.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_kept_mean(const Reduce& reduce) {
  return reduce.kind == ReduceKind::kMean && reduce.keepdims && reduce.epilogue.empty() && !reduce.axes.empty();
}

// v * v, v^2.
Pattern square_of(const Pattern& v) {
  return Pattern::either({Pattern::of(ScalarOp::kMul, v, v).used_once(), Pattern::of(ScalarOp::kPow, v, Pattern::number(2)).used_once()});
}
Pattern mean_of(const Pattern& v) { return Pattern::of<Reduce>(v).used_once().with<Reduce>(is_kept_mean); }

// v / sqrt(u), v * (1 / sqrt(u)), v * u^-0.5.
std::vector<Pattern> divided_by_root(const Pattern& v, const Pattern& u) {
  auto root = Pattern::of(ScalarOp::kSqrt, u).used_once();
  return {Pattern::of(ScalarOp::kDiv, v, root), Pattern::of(ScalarOp::kMul, v, Pattern::of(ScalarOp::kReciprocal, root).used_once()),
          Pattern::of(ScalarOp::kMul, v, Pattern::of(ScalarOp::kDiv, Pattern::number(1), root).used_once()),
          Pattern::of(ScalarOp::kMul, v, Pattern::of(ScalarOp::kPow, u, Pattern::number(-0.5)).used_once())};
}

}  // namespace

FUSION(recognize_normalization, kRecognize) {
  auto x = Pattern::any(), epsilon = Pattern::number();
  const auto add = [&](NormalizationKind kind, const Pattern& v, const Pattern& mean_of_squares, std::optional<Pattern> mean) {
    auto shifted = Pattern::of(ScalarOp::kAdd, mean_of_squares, epsilon).used_once();
    for (const Pattern& root : divided_by_root(v, shifted)) {
      fusions.push_back({"recognize_normalization", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                           Normalization op;
                           op.kind = kind;
                           op.axes = m.op<Reduce>(mean_of_squares).axes;
                           op.epsilon = m.number(epsilon);
                           if (op.epsilon < 0 || (mean && m.op<Reduce>(*mean).axes != op.axes)) return nullptr;
                           return network.add(op, {m[x]});
                         }});
    }
  };
  auto mean = Pattern::of<Reduce>(x).with<Reduce>(is_kept_mean);
  auto centered = Pattern::of(ScalarOp::kSub, x, mean);
  add(NormalizationKind::kLayer, centered, mean_of(square_of(centered)), mean);
  // Some exporters write the difference twice.
  auto other_mean = Pattern::of<Reduce>(x).with<Reduce>(is_kept_mean);
  auto other_centered = Pattern::of(ScalarOp::kSub, x, other_mean);
  add(NormalizationKind::kLayer, centered, mean_of(square_of(other_centered)), mean);
  add(NormalizationKind::kRms, x, mean_of(square_of(x)), std::nullopt);
}

EXAMPLE("layer normalization in pieces is one layer") {
  expect_rewrite("recognize_normalization", R"(
    input x [n, 4, 3]
    weights two float [] = 2
    weights e float [] = 0.25
    m = reduce(x) kind=mean axes=[-1]
    d = sub(x, m)
    s = pow(d, two)
    v = reduce(s) kind=mean axes=[-1]
    a = add(v, e)
    r = sqrt(a)
    y = div(d, r)
    output y)",
                 R"(
    input x [n, 4, 3]
    y = normalization(x) epsilon=0.25
    output y)");
}

EXAMPLE("x * (1 / sqrt(mean(x * x) + e)) is an rms normalization") {
  expect_rewrite("recognize_normalization", R"(
    input x [n, 3]
    weights e float [] = 0.25
    s = mul(x, x)
    v = reduce(s) kind=mean axes=[1]
    a = add(v, e)
    r = sqrt(a)
    i = reciprocal(r)
    y = mul(x, i)
    output y)",
                 R"(
    input x [n, 3]
    y = normalization(x) kind=rms axes=[1] epsilon=0.25
    output y)");
}

EXAMPLE("a sum in place of the mean makes no normalization") {
  expect_unchanged("recognize_normalization", R"(
    input x [n, 4, 3]
    weights two float [] = 2
    weights e float [] = 0.25
    m = reduce(x) kind=mean axes=[-1]
    d = sub(x, m)
    s = pow(d, two)
    v = reduce(s) kind=sum axes=[-1]
    a = add(v, e)
    r = sqrt(a)
    y = div(d, r)
    output y)");
}

}  // namespace ingot
