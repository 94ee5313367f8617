// reshape(reshape(x)) => reshape(x); reshape(x) => x where the dims stay
#include "operators/reshape.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(cancel_reshapes, kSimplify, kCancelMoves, kRecognizeAttention) {
  auto x = Pattern::any();
  auto same = Pattern::of<Reshape>(x).with_more_inputs();
  fusions.push_back({"cancel_reshapes", same,
                     [=](const Match& m, Network&) -> Result<Tensor*> { return m[x]->type.dims == m[same]->type.dims ? m[x] : nullptr; }});
  auto inner = Pattern::of<Reshape>(x).with_more_inputs();
  auto outer = Pattern::of<Reshape>(inner);
  fusions.push_back({"cancel_reshapes", outer, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       if (m[x]->type.dims == m[outer]->type.dims) return m[x];
                       auto reshape = Reshape::between(m[x]->type.dims, m[outer]->type.dims);
                       if (!reshape) return nullptr;
                       return network.add(*reshape, {m[x]});
                     }});
}

EXAMPLE("two reshapes are one") {
  expect_rewrite("cancel_reshapes", R"(
    input x [n, 6]
    a = reshape(x) dims=[-1, 2]
    y = reshape(a) dims=[-1, 2, 3]
    output y)",
                 R"(
    input x [n, 6]
    y = reshape(x) dims=[0, 2, 3]
    output y)");
}

EXAMPLE("there and back is nothing") {
  expect_rewrite("cancel_reshapes", R"(
    input x [n, 6]
    a = relu(x)
    b = reshape(a) dims=[-1, 2]
    c = reshape(b) dims=[-1, 6]
    y = neg(c)
    output y)",
                 R"(
    input x [n, 6]
    a = relu(x)
    y = neg(a)
    output y)");
}

EXAMPLE("a reshape whose dims come at run time stays") {
  expect_unchanged("cancel_reshapes", R"(
    input x [n, 6]
    input dims int64 [2]
    a = reshape(x) dims=[-1, 2]
    y = reshape(a, dims) symbol=run_y
    output y)");
}

}  // namespace ingot
