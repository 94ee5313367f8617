// snap(snap(x, s), s) => snap(x, s)
#include "operators/elementwise.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {

FUSION(cancel_snaps, kRecognizeSnaps) {
  auto x = Pattern::any();
  auto inner = Pattern::of(ScalarOp::kSnap, x);
  auto outer = Pattern::of(ScalarOp::kSnap, inner);
  fusions.push_back({"cancel_snaps", outer, [=](const Match& m, Network&) -> Result<Tensor*> {
                       if (m.op<Elementwise>(inner).a != m.op<Elementwise>(outer).a) return nullptr;
                       return m[inner];
                     }});
}

EXAMPLE("what lies on the steps of a scale stays where it is") {
  expect_rewrite("cancel_snaps", R"(
    input x [n, 2]
    a = snap(x) a=0.5
    b = snap(a) a=0.5
    y = relu(b)
    output y)",
                 R"(
    input x [n, 2]
    a = snap(x) a=0.5
    y = relu(a)
    output y)");
}

EXAMPLE("steps of another scale round again") {
  expect_unchanged("cancel_snaps", R"(
    input x [n, 2]
    a = snap(x) a=0.5
    y = snap(a) a=0.375
    output y)");
}

}  // namespace ingot
