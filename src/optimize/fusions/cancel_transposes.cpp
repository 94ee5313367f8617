// transpose(transpose(x, p), q) => transpose(x, p[q]); transpose(x) => x where no axis moves, reshape(x) where only axes of length 1 do
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Whether the axes that are not of length 1 keep their order, so that the elements do too.
bool keeps_order(const Dims& dims, const std::vector<int64_t>& permutation) {
  int64_t last = -1;
  for (int64_t axis : permutation) {
    if (dims[static_cast<size_t>(axis)].is(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

bool moves_nothing(const std::vector<int64_t>& permutation) {
  for (size_t i = 0; i < permutation.size(); ++i) {
    if (permutation[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

FUSION(cancel_transposes, kSimplify, kCancelMoves, kRecognizeAttention) {
  auto x = Pattern::any();
  auto first = Pattern::of<Transpose>(x);
  auto second = Pattern::of<Transpose>(first);
  fusions.push_back({"cancel_transposes", second, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const int64_t rank = m[x]->type.rank();
                       TRY_ASSIGN(std::vector<int64_t> p, m.op<Transpose>(first).resolve(rank));
                       TRY_ASSIGN(std::vector<int64_t> q, m.op<Transpose>(second).resolve(rank));
                       for (int64_t& axis : q) axis = p[static_cast<size_t>(axis)];
                       if (moves_nothing(q)) return m[x];
                       return network.add(Transpose(q), {m[x]});
                     }});
  auto only = Pattern::of<Transpose>(x);
  fusions.push_back({"cancel_transposes", only, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       TRY_ASSIGN(std::vector<int64_t> p, m.op<Transpose>(only).resolve(m[x]->type.rank()));
                       if (moves_nothing(p)) return m[x];
                       if (!keeps_order(m[x]->type.dims, p)) return nullptr;
                       auto reshape = Reshape::between(m[x]->type.dims, m[only]->type.dims);
                       if (!reshape) return nullptr;
                       return network.add(*reshape, {m[x]});
                     }});
}

EXAMPLE("two transposes are one") {
  expect_rewrite("cancel_transposes", R"(
    input x [n, 2, 3]
    a = transpose(x) permutation=[0, 2, 1]
    y = transpose(a) permutation=[1, 0, 2]
    output y)",
                 R"(
    input x [n, 2, 3]
    y = transpose(x) permutation=[2, 0, 1]
    output y)");
}

EXAMPLE("there and back is nothing") {
  expect_rewrite("cancel_transposes", R"(
    input x [n, 2, 3]
    r = relu(x)
    a = transpose(r) permutation=[2, 0, 1]
    b = transpose(a) permutation=[1, 2, 0]
    y = neg(b)
    output y)",
                 R"(
    input x [n, 2, 3]
    r = relu(x)
    y = neg(r)
    output y)");
}

EXAMPLE("a transpose that moves an axis of length 1 is a reshape") {
  expect_rewrite("cancel_transposes", R"(
    input x [n, 1, 3]
    y = transpose(x) permutation=[1, 0, 2]
    output y)",
                 R"(
    input x [n, 1, 3]
    y = reshape(x) dims=[1, -1, 3]
    output y)");
}

EXAMPLE("a transpose that moves elements stays") {
  expect_unchanged("cancel_transposes", R"(
    input x [n, 2]
    y = transpose(x)
    output y)");
}

}  // namespace ingot
