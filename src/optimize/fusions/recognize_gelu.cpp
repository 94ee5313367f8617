// 0.5 * x * (1 + erf(x / sqrt(2))) => gelu(x); 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) => gelu_tanh(x)
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// a * b * c, in whatever order it is written.
std::vector<Pattern> products(const Pattern& a, const Pattern& b, const Pattern& c) {
  const auto inner = [](const Pattern& p, const Pattern& q) { return Pattern::of(ScalarOp::kMul, p, q).used_once(); };
  return {Pattern::of(ScalarOp::kMul, a, inner(b, c)), Pattern::of(ScalarOp::kMul, b, inner(a, c)),
          Pattern::of(ScalarOp::kMul, c, inner(a, b))};
}

}  // namespace

FUSION(recognize_gelu, kRecognize) {
  auto x = Pattern::any();
  const auto replace_by = [=](ScalarOp op) {
    return [=](const Match& m, Network& network) { return network.add(Elementwise(op), {m[x]}); };
  };
  auto scaled = Pattern::either({Pattern::of(ScalarOp::kDiv, x, Pattern::number(1.4142135623730951)),
                                 Pattern::of(ScalarOp::kMul, x, Pattern::number(0.7071067811865476))});
  auto erf = Pattern::of(ScalarOp::kErf, scaled).used_once();
  auto by_erf = Pattern::of(ScalarOp::kAdd, erf, Pattern::number(1)).used_once();
  for (const Pattern& root : products(x, Pattern::number(0.5), by_erf))
    fusions.push_back({"recognize_gelu", root, replace_by(ScalarOp::kGelu)});

  auto square = Pattern::of(ScalarOp::kMul, x, x);
  auto cube = Pattern::either({Pattern::of(ScalarOp::kPow, x, Pattern::number(3)), Pattern::of(ScalarOp::kMul, x, square),
                               Pattern::of(ScalarOp::kMul, x, Pattern::of(ScalarOp::kPow, x, Pattern::number(2)))});
  auto c = Pattern::number(0.044715);
  // x + c * x^3, or x * (1 + c * x^2), as some frameworks write it.
  auto bent = Pattern::either(
      {Pattern::of(ScalarOp::kAdd, x, Pattern::of(ScalarOp::kMul, cube, c)),
       Pattern::of(ScalarOp::kMul, x, Pattern::of(ScalarOp::kAdd, Pattern::of(ScalarOp::kMul, square, c), Pattern::number(1)))});
  auto tanh = Pattern::of(ScalarOp::kTanh, Pattern::of(ScalarOp::kMul, bent, Pattern::number(0.7978845608028654)).used_once()).used_once();
  auto by_tanh = Pattern::of(ScalarOp::kAdd, tanh, Pattern::number(1)).used_once();
  for (const Pattern& root : products(x, Pattern::number(0.5), by_tanh)) {
    fusions.push_back({"recognize_gelu", root, replace_by(ScalarOp::kGeluTanh)});
  }
}

EXAMPLE("x * (0.5 * (1 + erf(x / sqrt(2)))) => gelu(x)") {
  expect_rewrite("recognize_gelu", R"(
    input x [n, 2]
    weights root float [] = 1.4142135
    weights one float [] = 1
    weights half float [] = 0.5
    a = div(x, root)
    b = erf(a)
    c = add(b, one)
    d = mul(half, c)
    y = mul(x, d)
    output y)",
                 R"(
    input x [n, 2]
    y = gelu(x)
    output y)");
}

EXAMPLE("(x * 0.5) * (erf(x * 0.7071) + 1) => gelu(x)") {
  expect_rewrite("recognize_gelu", R"(
    input x [n, 2]
    weights root float [] = 0.70710677
    weights one float [] = 1
    weights half float [] = 0.5
    a = mul(x, root)
    b = erf(a)
    c = add(one, b)
    d = mul(x, half)
    y = mul(d, c)
    output y)",
                 R"(
    input x [n, 2]
    y = gelu(x)
    output y)");
}

EXAMPLE("0.5 * (x * (1 + tanh(0.797 * (x + 0.0447 * x^3)))) => gelu_tanh(x)") {
  expect_rewrite("recognize_gelu", R"(
    input x [n, 2]
    weights three float [] = 3
    weights c float [] = 0.044715
    weights root float [] = 0.7978846
    weights one float [] = 1
    weights half float [] = 0.5
    cube = pow(x, three)
    a = mul(c, cube)
    b = add(x, a)
    d = mul(b, root)
    t = tanh(d)
    e = add(t, one)
    f = mul(x, e)
    y = mul(half, f)
    output y)",
                 R"(
    input x [n, 2]
    y = gelu_tanh(x)
    output y)");
}

EXAMPLE("with another constant it is no gelu") {
  expect_unchanged("recognize_gelu", R"(
    input x [n, 2]
    weights root float [] = 1.5
    weights one float [] = 1
    weights half float [] = 0.5
    a = div(x, root)
    b = erf(a)
    c = add(b, one)
    d = mul(half, c)
    y = mul(x, d)
    output y)");
}

}  // namespace ingot
