// cast(x, t) => x where x is of type t; cast(cast(x, wide), t) => cast(x, t) where the first cast loses nothing
#include "operators/elementwise.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Whether every value of `from` is a value of `to`.
bool is_exact(DataType from, DataType to) {
  if (from == to) return true;
  if (to == DataType::kBool || from == DataType::kBool) return from == DataType::kBool;
  const int from_bits = bits_of(from), to_bits = bits_of(to);
  if (is_floating(from)) {
    if (!is_floating(to) || to_bits <= from_bits) return false;
    if (to == DataType::kDouble || to == DataType::kFloat) return true;
    return to == DataType::kHalf && from == DataType::kFp8;
  }
  if (is_floating(to)) {
    const int digits = to == DataType::kDouble  ? 53
                       : to == DataType::kFloat ? 24
                       : to == DataType::kHalf  ? 11
                       : to == DataType::kBf16  ? 8
                                                : 0;
    return from_bits - (is_signed(from) ? 1 : 0) <= digits;
  }
  if (is_signed(from) && !is_signed(to)) return false;
  return to_bits > from_bits;
}

}  // namespace

FUSION(cancel_casts, kSimplify, kFuseCasts) {
  auto x = Pattern::any();
  auto only = Pattern::of(ScalarOp::kCast, x);
  fusions.push_back({"cancel_casts", only,
                     [=](const Match& m, Network&) -> Result<Tensor*> { return m[x]->type.type == m[only]->type.type ? m[x] : nullptr; }});
  auto first = Pattern::of(ScalarOp::kCast, x);
  auto second = Pattern::of(ScalarOp::kCast, first);
  fusions.push_back({"cancel_casts", second, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const DataType to = m[second]->type.type;
                       if (to == DataType::kBool || !is_exact(m[x]->type.type, m[first]->type.type)) return nullptr;
                       if (m[x]->type.type == to) return m[x];
                       return network.add(Elementwise::cast(to), {m[x]});
                     }});
}

EXAMPLE("to float and back to half is nothing") {
  expect_rewrite("cancel_casts", R"(
    input x half [2]
    r = relu(x)
    a = cast(r) to=float
    b = cast(a) to=half
    y = neg(b)
    output y)",
                 R"(
    input x half [2]
    r = relu(x)
    y = neg(r)
    output y)");
}

EXAMPLE("a cast that rounds stays") {
  expect_unchanged("cancel_casts", R"(
    input x [2]
    a = cast(x) to=half
    y = cast(a) to=float
    output y)");
}

}  // namespace ingot
