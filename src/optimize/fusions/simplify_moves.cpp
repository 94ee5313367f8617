// A chain of reshapes and transposes => the shortest chain that moves the elements likewise: at most reshape, transpose, reshape
#include "optimize/axis_view.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Longer chains fall in steps.
constexpr size_t kLongestChain = 12;

AxisView::Cost cost_of(const Layer& move) { return move.op().name() == "transpose" ? AxisView::Cost{0, 1} : AxisView::Cost{1, 0}; }

// What the layers cost that go when the last of the chain reads the base itself: those that nobody else reads.
int weight_saved(const std::vector<const Layer*>& chain) {
  int weight = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    if (i > 0 && !is_used_once(*chain[i]->output())) break;
    weight += cost_of(*chain[i]).weight();
  }
  return weight;
}

}  // namespace

FUSION(simplify_moves, kSimplify, kCancelMoves, kRecognizeAttention) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return tensor.producer() && is_move(*tensor.producer()); });
  fusions.push_back({"simplify_moves", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       // From the root upwards.
                       std::vector<const Layer*> chain{&m.layer(root)};
                       while (chain.size() < kLongestChain) {
                         const Layer* above = chain.back()->input(0)->producer();
                         if (!above || !is_move(*above)) break;
                         chain.push_back(above);
                       }
                       for (; chain.size() >= 1; chain.pop_back()) {
                         Tensor* base = chain.back()->input(0);
                         AxisView view(base->type.dims);
                         bool known = true;
                         for (size_t i = chain.size(); known && i-- > 0;) known = view.apply(*chain[i]);
                         if (!known || view.cost().weight() >= weight_saved(chain)) continue;
                         if (view.dims() != m[root]->type.dims) continue;
                         if (view.is_identity()) return base;
                         return view.build(network, base);
                       }
                       return nullptr;
                     }});
}

EXAMPLE("heads that are split off, moved and moved back are left alone") {
  expect_rewrite("simplify_moves", R"(
    input x [n, s, 6]
    r = relu(x)
    a = reshape(r) dims=[0, 0, 2, 3]
    b = transpose(a) permutation=[0, 2, 1, 3]
    c = transpose(b) permutation=[0, 2, 1, 3]
    d = reshape(c) dims=[0, 0, 6]
    y = neg(d)
    output y)",
                 R"(
    input x [n, s, 6]
    r = relu(x)
    y = neg(r)
    output y)");
}

EXAMPLE("a transpose inside merged and split dims is one transpose") {
  expect_rewrite("simplify_moves", R"(
    input x [n, 2, 5, 3]
    a = reshape(x) dims=[-1, 5, 3]
    b = transpose(a) permutation=[0, 2, 1]
    y = reshape(b) dims=[-1, 2, 3, 5]
    output y)",
                 R"(
    input x [n, 2, 5, 3]
    y = transpose(x) permutation=[0, 1, 3, 2]
    output y)");
}

EXAMPLE("a chain that is as short as can be stays") {
  expect_unchanged("simplify_moves", R"(
    input x [n, s, 6]
    a = reshape(x) dims=[0, 0, 2, 3]
    y = transpose(a) permutation=[0, 2, 1, 3]
    output y)");
}

EXAMPLE("a chain whose first part is read elsewhere is not doubled") {
  expect_unchanged("simplify_moves", R"(
    input x [n, 2, 5, 3]
    a = transpose(x) permutation=[0, 2, 1, 3]
    y = reshape(a) dims=[0, 0, -1]
    output a
    output y)");
}

}  // namespace ingot
