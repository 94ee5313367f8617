// dequantize(x, s) => affine(cast(x), s), quantize(x, s) => cast(clip(round(x / s), -128, 127)): what no layer absorbed joins chains of
// elementwise functions
#include "operators/elementwise.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {

FUSION(lower_quantize, kLower) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return tensor.producer() != nullptr; });
  fusions.push_back({"lower_quantize", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       if (const auto x = dequantized(m[root]); x && x->has_one_scale() && !x->values->is_constant()) {
                         TRY_ASSIGN(Tensor * wide, network.add(Elementwise::cast(DataType::kFloat), {x->values}));
                         return network.add(Elementwise(ScalarOp::kAffine, x->scales[0], 0), {wide});
                       }
                       if (const auto q = quantized(m[root]); q && !q->value->is_constant()) {
                         // Divided, as Quantize does it: a product with 1 / s has its ties elsewhere.
                         Tensor* scale = add_number(network, DataType::kFloat, q->scale);
                         TRY_ASSIGN(Tensor * steps, network.add(Elementwise(ScalarOp::kDiv), {q->value, scale}));
                         TRY_ASSIGN(steps, network.add(Elementwise(ScalarOp::kRound), {steps}));
                         TRY_ASSIGN(steps, network.add(Elementwise(ScalarOp::kClip, -128, 127), {steps}));
                         return network.add(Elementwise::cast(DataType::kInt8), {steps});
                       }
                       return nullptr;
                     }});
}

EXAMPLE("bytes that are read as floats") {
  expect_rewrite("lower_quantize", R"(
    input x int8 [n, 2]
    weights s float [] = 0.5
    y = dequantize(x, s)
    output y)",
                 R"(
    input x int8 [n, 2]
    a = cast(x)
    y = affine(a) a=0.5
    output y)");
}

EXAMPLE("floats that are stored as bytes") {
  expect_rewrite("lower_quantize", R"(
    input x [n, 2]
    weights s float [] = 0.5
    y = quantize(x, s)
    output y)",
                 R"(
    input x [n, 2]
    weights s float [] = 0.5
    a = div(x, s)
    b = round(a)
    c = clip(b) a=-128 b=127
    y = cast(c) to=int8
    output y)");
}

EXAMPLE("a scale for each channel stays") {
  expect_unchanged("lower_quantize", R"(
    input x int8 [n, 2]
    weights s float [2] = 0.5 0.25
    y = dequantize(x, s) axis=1
    output y)");
}

}  // namespace ingot
