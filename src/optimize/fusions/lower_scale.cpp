// scale(x, s, t, p) => (x * s + t) ^ p in elementwise layers, which the other fusions know
#include "operators/reshape.h"
#include "operators/scale.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// A constant of scale's dims, so that it broadcasts against x: one value, [C] along `axis`, or x's dims from `axis` on.
Result<Tensor*> broadcast_to(Network& network, Tensor* constant, int64_t axis, int64_t rank) {
  if (constant->constant.count() == 1 && constant->type.rank() <= 1) return constant;
  Shape shape = constant->constant.shape();
  if (static_cast<int64_t>(shape.size()) == rank - axis) return constant;
  if (shape.size() != 1) return nullptr;
  shape.resize(static_cast<size_t>(rank - axis), 1);
  return compute_constant(network, Reshape(shape), {constant});
}

}  // namespace

FUSION(lower_scale, kRecognize) {
  auto x = Pattern::any();
  auto root = Pattern::of<Scale>(x).with_more_inputs();
  fusions.push_back({"lower_scale", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       Layer& layer = m.layer(root);
                       const int64_t rank = m[x]->type.rank();
                       TRY_ASSIGN(const int64_t axis, normalize_axis(m.op<Scale>(root).axis, rank));
                       Tensor* y = m[x];
                       constexpr ScalarOp kSteps[] = {ScalarOp::kMul, ScalarOp::kAdd, ScalarOp::kPow};
                       for (size_t i = 0; i < 3; ++i) {
                         Tensor* operand = layer.input(i + 1);
                         if (!operand) continue;
                         if (!operand->constant.data()) return nullptr;
                         TRY_ASSIGN(operand, broadcast_to(network, operand, axis, rank));
                         if (!operand) return nullptr;
                         if (kSteps[i] == ScalarOp::kPow && is_filled_with(operand->constant, 1)) continue;
                         TRY_ASSIGN(y, network.add(Elementwise(kSteps[i]), {y, operand}));
                       }
                       return y;
                     }});
}

EXAMPLE("scale and shift are a product and a sum") {
  expect_rewrite("lower_scale", R"(
    input x [n, 2, 3]
    weights s float [2] = 2 3
    weights t float [2] = 5 7
    y = scale(x, s, t)
    output y)",
                 R"(
    input x [n, 2, 3]
    weights s float [2, 1] = 2 3
    weights t float [2, 1] = 5 7
    a = mul(x, s)
    y = add(a, t)
    output y)");
}

EXAMPLE("a scale from an input stays") {
  expect_unchanged("lower_scale", R"(
    input x [n, 2, 3]
    input s [2]
    y = scale(x, s)
    output y)");
}

}  // namespace ingot
