// pow(x, 2) => mul(x, x)
#include "operators/elementwise.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(lower_squares, kLower) {
  auto x = Pattern::any();
  auto power = Pattern::of(ScalarOp::kPow, x, Pattern::number(2));
  fusions.push_back({"lower_squares", power, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       // A constant of a higher rank, or of another type, would give the result another one.
                       if (!(m[power]->type.dims == m[x]->type.dims) || m[power]->type.type != m[x]->type.type) return nullptr;
                       return network.add(Elementwise(ScalarOp::kMul), {m[x], m[x]});
                     }});
}

EXAMPLE("a square is a product") {
  expect_rewrite("lower_squares", R"(
    input x [n, 2]
    weights two float [] = 2
    y = pow(x, two)
    output y)",
                 R"(
    input x [n, 2]
    y = mul(x, x)
    output y)");
}

EXAMPLE("other powers stay, and so does a square that has another rank than its base") {
  expect_unchanged("lower_squares", R"(
    input x [n, 2]
    weights three float [] = 3
    y = pow(x, three)
    output y)");
  expect_unchanged("lower_squares", R"(
    input x [2]
    weights two float [1, 1] = 2
    y = pow(x, two)
    output y)");
}

}  // namespace ingot
