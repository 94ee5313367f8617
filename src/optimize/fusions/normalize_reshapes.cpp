// squeeze(x), unsqueeze(x), flatten(x) => reshape(x): one operator for all that keeps the elements in their order
#include "operators/flatten.h"
#include "operators/reshape.h"
#include "operators/squeeze.h"
#include "operators/unsqueeze.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(normalize_reshapes) {
  auto x = Pattern::any();
  for (const Pattern& root : {Pattern::of<Squeeze>(x), Pattern::of<Unsqueeze>(x), Pattern::of<Flatten>(x)}) {
    fusions.push_back({"normalize_reshapes", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                         auto reshape = Reshape::between(m[x]->type.dims, m[root]->type.dims);
                         if (!reshape) return nullptr;
                         return network.add(*reshape, {m[x]});
                       }});
  }
}

EXAMPLE("flatten(x) => reshape(x)") {
  expect_rewrite("normalize_reshapes", R"(
    input x [n, 2, 3]
    y = flatten(x)
    output y)",
                 R"(
    input x [n, 2, 3]
    y = reshape(x) dims=[0, 6]
    output y)");
}

EXAMPLE("unsqueeze(x) => reshape(x)") {
  expect_rewrite("normalize_reshapes", R"(
    input x [n, 3]
    y = unsqueeze(x) axes=[1]
    output y)",
                 R"(
    input x [n, 3]
    y = reshape(x) dims=[0, 1, 3]
    output y)");
}

EXAMPLE("a transpose is no reshape") {
  expect_unchanged("normalize_reshapes", R"(
    input x [2, 3]
    y = transpose(x)
    output y)");
}

}  // namespace ingot
