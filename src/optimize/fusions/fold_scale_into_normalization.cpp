// mul(normalization(x), s) => normalization(x, s); add(normalization(x, s), b) => normalization(x, s, b); s and b constants
#include "operators/normalization.h"
#include "operators/reshape.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_layer_or_rms(const Normalization& op) {
  return (op.kind == NormalizationKind::kLayer || op.kind == NormalizationKind::kRms) && op.epilogue.empty();
}

// Scale and bias of a normalization broadcast from the right and do not widen it; leading dims of 1 say nothing.
Result<Tensor*> without_leading_ones(Network& network, Tensor* constant, int64_t rank) {
  Shape shape = constant->constant.shape();
  while (static_cast<int64_t>(shape.size()) > 1 && shape[0] == 1) shape.erase(shape.begin());
  if (static_cast<int64_t>(shape.size()) > rank) return nullptr;
  if (shape == constant->constant.shape()) return constant;
  return compute_constant(network, Reshape(shape), {constant});
}

}  // namespace

FUSION(fold_scale_into_normalization, kFoldIntoWeights) {
  auto x = Pattern::any(), c = Pattern::constant();
  auto bare = Pattern::of<Normalization>(x).used_once().with<Normalization>(is_layer_or_rms);
  auto scaled = Pattern::of(ScalarOp::kMul, bare, c);
  fusions.push_back({"fold_scale_into_normalization", scaled, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       TRY_ASSIGN(Tensor * scale, without_leading_ones(network, m[c], m[x]->type.rank()));
                       if (!scale) return nullptr;
                       return network.add(m.op<Normalization>(bare), {m[x], scale});
                     }});
  auto any_scale = Pattern::any();
  auto with_scale = Pattern::of<Normalization>(x, any_scale).used_once().with<Normalization>(is_layer_or_rms);
  auto shifted = Pattern::of(ScalarOp::kAdd, with_scale, c);
  fusions.push_back({"fold_scale_into_normalization", shifted, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       TRY_ASSIGN(Tensor * bias, without_leading_ones(network, m[c], m[x]->type.rank()));
                       if (!bias) return nullptr;
                       return network.add(m.op<Normalization>(with_scale), {m[x], m[any_scale], bias});
                     }});
}

EXAMPLE("scale and bias behind a normalization become its own") {
  expect_rewrite("fold_scale_into_normalization", R"(
    input x [n, 2]
    weights s float [1, 2] = 2 3
    weights b float [2] = 5 7
    a = normalization(x)
    c = mul(s, a)
    y = add(c, b)
    output y)",
                 R"(
    input x [n, 2]
    weights s float [2] = 2 3
    weights b float [2] = 5 7
    y = normalization(x, s, b)
    output y)");
}

EXAMPLE("a normalization that is read twice stays") {
  expect_unchanged("fold_scale_into_normalization", R"(
    input x [n, 2]
    weights s float [2] = 2 3
    a = normalization(x)
    c = mul(s, a)
    y = add(c, a)
    output y)");
}

EXAMPLE("a factor from an input stays") {
  expect_unchanged("fold_scale_into_normalization", R"(
    input x [n, 2]
    input s [2]
    a = normalization(x)
    y = mul(s, a)
    output y)");
}

}  // namespace ingot
