// quantize(dequantize(x, s), s) => x
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {

FUSION(cancel_quantization, kMoveQuantization, kComputeOnBytes, kStoreBytes, kReadBytes) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return quantized(&tensor).has_value(); });
  fusions.push_back({"cancel_quantization", root, [=](const Match& m, Network&) -> Result<Tensor*> {
                       const auto there = quantized(m[root]);
                       const auto back = dequantized(there->value);
                       // -128 comes back as -128: the range of int8 is whole on both sides.
                       if (!back || !back->has_one_scale() || back->scales[0] != there->scale) return nullptr;
                       return back->values;
                     }});
}

EXAMPLE("to float and back with one scale is nothing") {
  expect_rewrite("cancel_quantization", R"(
    input x int8 [n, 2]
    weights s float [] = 0.3
    a = dequantize(x, s)
    b = quantize(a, s)
    y = dequantize(b, s)
    output y)",
                 R"(
    input x int8 [n, 2]
    weights s float [] = 0.3
    y = dequantize(x, s)
    output y)");
}

EXAMPLE("another scale rounds anew") {
  expect_unchanged("cancel_quantization", R"(
    input x int8 [n, 2]
    weights s float [] = 0.3
    weights t float [] = 0.4
    a = dequantize(x, s)
    y = quantize(a, t)
    output y)");
}

}  // namespace ingot
