// dequantize(quantize(x, s), s) => snap(x, s) where nobody else reads the bytes between
#include "operators/elementwise.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {

FUSION(recognize_snap, kRecognizeSnaps) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return snapped(&tensor).has_value(); });
  fusions.push_back({"recognize_snap", root, [=](const Match& m, Network& network) {
                       const auto snap = snapped(m[root]);
                       return network.add(Elementwise(ScalarOp::kSnap, snap->scale), {snap->value});
                     }});
}

EXAMPLE("a pair that nothing absorbed is one function") {
  expect_rewrite("recognize_snap", R"(
    input x [n, 2]
    weights s float [] = 0.5
    a = quantize(x, s)
    y = dequantize(a, s)
    output y)",
                 R"(
    input x [n, 2]
    y = snap(x) a=0.5
    output y)");
}

EXAMPLE("bytes that are an output too stay") {
  expect_unchanged("recognize_snap", R"(
    input x [n, 2]
    weights s float [] = 0.5
    a = quantize(x, s)
    y = dequantize(a, s)
    output y
    output a)");
}

}  // namespace ingot
