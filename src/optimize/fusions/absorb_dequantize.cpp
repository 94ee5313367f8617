// product(dequantize(x, s), dequantize(w, t), b) => product(x, w, b) over int8 with input_scale = s, weight_scales = t; t one number, or
// one an output channel. product(.., dequantize(r, s)) => product(.., r) with residual_scale = s.
#include "operators/matmul.h"
#include "optimize/edit.h"
#include "optimize/product.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

Result<Tensor*> over_int8(const Layer& layer, Network& network) {
  const auto x = dequantized(layer.input(0)), w = dequantized(layer.input(1));
  const EpilogueFields& fields = *epilogue_of(layer.op());
  if (!x || !w || fields.is_quantized() || fields.output_scale != 0 || !may_be_int8(layer)) return nullptr;
  if (fields.to.has_value() && *fields.to != DataType::kFloat) return nullptr;
  if (!x->has_one_scale()) return nullptr;
  ProductCopy copy = copy_product(layer.op());
  copy.epilogue->to = {};
  copy.epilogue->input_scale = x->scales[0];
  if (w->has_one_scale()) {
    copy.epilogue->input_scale *= w->scales[0];
  } else {
    const auto axis = weight_channel_axis(layer);
    if (!axis || *axis != w->axis || !channel_axis(layer)) return nullptr;
    copy.epilogue->weight_scales = w->scales;
  }
  std::vector<Tensor*> inputs = product_inputs(layer);
  inputs[0] = x->values;
  inputs[1] = w->values;
  return add_product(network, std::move(copy), std::move(inputs));
}

Result<Tensor*> with_int8_residual(const Layer& layer, Network& network) {
  const EpilogueFields& fields = *epilogue_of(layer.op());
  const auto residual = dequantized(layer.input(3));
  if (!residual || !residual->has_one_scale() || fields.residual_scale != 0 || !fields.is_quantized()) return nullptr;
  ProductCopy copy = copy_product(layer.op());
  copy.epilogue->residual_scale = residual->scales[0];
  std::vector<Tensor*> inputs = product_inputs(layer);
  inputs[3] = residual->values;
  return add_product(network, std::move(copy), std::move(inputs));
}

}  // namespace

FUSION(absorb_dequantize, kComputeOnBytes, kReadBytes) {
  auto product = any_product();
  fusions.push_back({"absorb_dequantize", product, [=](const Match& m, Network& network) { return over_int8(m.layer(product), network); }});
  fusions.push_back(
      {"absorb_dequantize", product, [=](const Match& m, Network& network) { return with_int8_residual(m.layer(product), network); }});
}

EXAMPLE("a convolution of dequantized operands is one of bytes") {
  expect_rewrite("absorb_dequantize", R"(
    input x int8 [n, 1, 3]
    weights w int8 [2, 1, 1] = 10 -20
    weights b float [2] = 1 2
    weights s float [] = 0.5
    weights t float [2] = 0.25 0.125
    a = dequantize(x, s)
    c = dequantize(w, t) axis=0
    y = convolution(a, c, b)
    output y)",
                 R"(
    input x int8 [n, 1, 3]
    weights w int8 [2, 1, 1] = 10 -20
    weights b float [2] = 1 2
    y = convolution(x, w, b) input_scale=0.5 weight_scales=[0.25, 0.125]
    output y)");
}

EXAMPLE("two activations are multiplied as bytes") {
  expect_rewrite("absorb_dequantize", R"(
    input x int8 [n, 2]
    input z int8 [2, n]
    weights s float [] = 0.5
    weights t float [] = 0.25
    a = dequantize(x, s)
    c = dequantize(z, t)
    y = matmul(a, c)
    output y)",
                 R"(
    input x int8 [n, 2]
    input z int8 [2, n]
    y = matmul(x, z) input_scale=0.125
    output y)");
}

EXAMPLE("a residual comes as bytes") {
  expect_rewrite("absorb_dequantize", R"net(
    input x int8 [n, 2]
    input z int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights s float [] = 0.5
    r = dequantize(z, s)
    y = matmul(x, w, _, r) epilogue="add(x0, x1)" input_scale=0.5
    output y)net",
                 R"net(
    input x int8 [n, 2]
    input z int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    y = matmul(x, w, _, z) epilogue="add(x0, x1)" input_scale=0.5 residual_scale=0.5
    output y)net");
}

EXAMPLE("a scale for each row of the weights' inputs stays") {
  expect_unchanged("absorb_dequantize", R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights s float [] = 0.5
    weights t float [2] = 0.5 0.25
    a = dequantize(x, s)
    c = dequantize(w, t) axis=0
    y = matmul(a, c)
    output y)");
}

EXAMPLE("operands with a zero point stay") {
  expect_unchanged("absorb_dequantize", R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights s float [] = 0.5
    weights z int8 [] = 3
    a = dequantize(x, s, z)
    c = dequantize(w, s)
    y = matmul(a, c)
    output y)");
}

}  // namespace ingot
