// x * sigmoid(x) => silu(x); x * sigmoid(a * x) => swish(x); x * tanh(log(1 + exp(x))) => mish(x);
// clip(x + 3, 0, 6) / 6 => hard_sigmoid(x); x * hard_sigmoid(x) => hard_swish(x); log(1 + exp(x)) => softplus(x)
#include <cmath>

#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_unit_softplus(const Elementwise& softplus) { return softplus.a == 1 && softplus.b == 1; }
bool is_sixth_of_shifted(const Elementwise& sigmoid) { return std::fabs(sigmoid.a - 1.0 / 6) < 1e-6 && sigmoid.b == 0.5; }

}  // namespace

FUSION(recognize_activations, kRecognize) {
  auto x = Pattern::any();
  const auto add = [&](const char* name, const Pattern& root, Elementwise op) {
    fusions.push_back({name, root, [=](const Match& m, Network& network) { return network.add(op, {m[x]}); }});
  };
  auto exp = Pattern::of(ScalarOp::kExp, x).used_once();
  add("recognize_softplus", Pattern::of(ScalarOp::kLog, Pattern::of(ScalarOp::kAdd, exp, Pattern::number(1)).used_once()),
      Elementwise(ScalarOp::kSoftplus, 1, 1));

  add("recognize_silu", Pattern::of(ScalarOp::kMul, x, Pattern::of(ScalarOp::kSigmoid, x).used_once()), Elementwise(ScalarOp::kSilu));
  auto a = Pattern::number();
  auto swish = Pattern::of(ScalarOp::kMul, x, Pattern::of(ScalarOp::kSigmoid, Pattern::of(ScalarOp::kMul, x, a).used_once()).used_once());
  fusions.push_back({"recognize_silu", swish,
                     [=](const Match& m, Network& network) { return network.add(Elementwise(ScalarOp::kSwish, m.number(a)), {m[x]}); }});

  auto softplus = Pattern::of(ScalarOp::kSoftplus, x).used_once().with<Elementwise>(is_unit_softplus);
  add("recognize_mish", Pattern::of(ScalarOp::kMul, x, Pattern::of(ScalarOp::kTanh, softplus).used_once()), Elementwise(ScalarOp::kMish));

  auto clipped = Pattern::of(ScalarOp::kClip, Pattern::of(ScalarOp::kAdd, x, Pattern::number(3)).used_once())
                     .used_once()
                     .with<Elementwise>([](const Elementwise& clip) { return clip.a == 0 && clip.b == 6; });
  const Elementwise hard_sigmoid(ScalarOp::kHardSigmoid, 1.0 / 6, 0.5);
  add("recognize_hard_sigmoid", Pattern::of(ScalarOp::kDiv, clipped, Pattern::number(6)), hard_sigmoid);
  add("recognize_hard_sigmoid", Pattern::of(ScalarOp::kMul, clipped, Pattern::number(1.0 / 6)), hard_sigmoid);

  auto gate = Pattern::of(ScalarOp::kHardSigmoid, x).used_once().with<Elementwise>(is_sixth_of_shifted);
  add("recognize_hard_swish", Pattern::of(ScalarOp::kMul, x, gate), Elementwise(ScalarOp::kHardSwish));
  auto product = Pattern::of(ScalarOp::kMul, x, clipped).used_once();
  add("recognize_hard_swish", Pattern::of(ScalarOp::kDiv, product, Pattern::number(6)), Elementwise(ScalarOp::kHardSwish));
  add("recognize_hard_swish", Pattern::of(ScalarOp::kMul, product, Pattern::number(1.0 / 6)), Elementwise(ScalarOp::kHardSwish));
}

EXAMPLE("x * sigmoid(x) => silu(x)") {
  expect_rewrite("recognize_silu", "input x [n, 2]\n a = sigmoid(x)\n y = mul(a, x)\n output y", "input x [n, 2]\n y = silu(x)\n output y");
}
EXAMPLE("x * sigmoid(1.702 * x) => swish(x)") {
  expect_rewrite("recognize_silu",
                 "input x [n, 2]\n weights c float [] = 1.702\n b = mul(c, x)\n a = sigmoid(b)\n y = mul(a, x)\n output y",
                 "input x [n, 2]\n y = swish(x) a=1.7020000219345093\n output y");
}
EXAMPLE("a product with the sigmoid of another tensor is no silu") {
  expect_unchanged("recognize_silu", "input x [n, 2]\n input z [n, 2]\n a = sigmoid(z)\n y = mul(a, x)\n output y");
}
EXAMPLE("log(1 + exp(x)) => softplus(x)") {
  expect_rewrite("recognize_softplus", "input x [n, 2]\n weights one float [] = 1\n a = exp(x)\n b = add(one, a)\n y = log(b)\n output y",
                 "input x [n, 2]\n y = softplus(x) a=1 b=1\n output y");
}
EXAMPLE("log(2 + exp(x)) is no softplus") {
  expect_unchanged("recognize_softplus",
                   "input x [n, 2]\n weights two float [] = 2\n a = exp(x)\n b = add(two, a)\n y = log(b)\n output y");
}
EXAMPLE("x * tanh(softplus(x)) => mish(x)") {
  expect_rewrite("recognize_mish", "input x [n, 2]\n a = softplus(x) a=1 b=1\n b = tanh(a)\n y = mul(x, b)\n output y",
                 "input x [n, 2]\n y = mish(x)\n output y");
}
EXAMPLE("a softplus of another slope makes no mish") {
  expect_unchanged("recognize_mish", "input x [n, 2]\n a = softplus(x) a=2 b=1\n b = tanh(a)\n y = mul(x, b)\n output y");
}
EXAMPLE("clip(x + 3, 0, 6) / 6 => hard_sigmoid(x)") {
  expect_rewrite(
      "recognize_hard_sigmoid",
      "input x [n, 2]\n weights c float [] = 3\n weights d float [] = 6\n a = add(x, c)\n b = clip(a) a=0 b=6\n y = div(b, d)\n output y",
      "input x [n, 2]\n y = hard_sigmoid(x) a=0.16666666666666666 b=0.5\n output y");
}
EXAMPLE("a clip to another range is no hard_sigmoid") {
  expect_unchanged(
      "recognize_hard_sigmoid",
      "input x [n, 2]\n weights c float [] = 3\n weights d float [] = 6\n a = add(x, c)\n b = clip(a) a=0 b=5\n y = div(b, d)\n output y");
}
EXAMPLE("x * clip(x + 3, 0, 6) / 6 => hard_swish(x)") {
  expect_rewrite("recognize_hard_swish", R"(
    input x [n, 2]
    weights c float [] = 3
    weights d float [] = 6
    a = add(x, c)
    b = clip(a) a=0 b=6
    e = mul(x, b)
    y = div(e, d)
    output y)",
                 "input x [n, 2]\n y = hard_swish(x)\n output y");
}
EXAMPLE("x * hard_sigmoid(x) => hard_swish(x)") {
  expect_rewrite("recognize_hard_swish", "input x [n, 2]\n a = hard_sigmoid(x) a=0.16666667 b=0.5\n y = mul(x, a)\n output y",
                 "input x [n, 2]\n y = hard_swish(x)\n output y");
}
EXAMPLE("a hard_sigmoid of slope 0.2 makes no hard_swish") {
  expect_unchanged("recognize_hard_swish", "input x [n, 2]\n a = hard_sigmoid(x) a=0.2 b=0.5\n y = mul(x, a)\n output y");
}

}  // namespace ingot
