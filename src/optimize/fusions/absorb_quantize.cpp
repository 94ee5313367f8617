// quantize(product(x, w, b), s) => product(x, w, b) with output_scale = s, over int8
#include "optimize/edit.h"
#include "optimize/product.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

Result<Tensor*> quantized_product(const Quantized& quantize, Network& network) {
  const Layer* product = quantize.value->producer();
  const EpilogueFields* fields = product ? epilogue_of(product->op()) : nullptr;
  if (!fields || !fields->is_quantized() || fields->output_scale != 0 || !is_used_once(*quantize.value)) return nullptr;
  ProductCopy copy = copy_product(product->op());
  copy.epilogue->output_scale = quantize.scale;
  copy.epilogue->to = DataType::kInt8;
  return add_product(network, std::move(copy), product_inputs(*product));
}

}  // namespace

FUSION(absorb_quantize, kStoreBytes) {
  auto quantize = Pattern::any().where([](const Tensor& tensor) { return quantized(&tensor).has_value(); });
  fusions.push_back(
      {"absorb_quantize", quantize, [=](const Match& m, Network& network) { return quantized_product(*quantized(m[quantize]), network); }});
}

EXAMPLE("a product of bytes stores bytes") {
  expect_rewrite("absorb_quantize", R"net(
    input x int8 [n, 2]
    weights w int8 [2, 1] = 1 2
    weights s float [] = 0.5
    a = matmul(x, w) epilogue="relu(x0)" input_scale=0.25
    y = quantize(a, s)
    output y)net",
                 R"net(
    input x int8 [n, 2]
    weights w int8 [2, 1] = 1 2
    y = matmul(x, w) epilogue="relu(x0)" to=int8 input_scale=0.25 output_scale=0.5
    output y)net");
}

EXAMPLE("a product in float, and one that others read in float, keep their type") {
  expect_unchanged("absorb_quantize", R"(
    input x [n, 2]
    weights w float [2, 1] = 1 2
    weights s float [] = 0.5
    a = matmul(x, w)
    y = quantize(a, s)
    output y)");
  expect_unchanged("absorb_quantize", R"(
    input x int8 [n, 2]
    weights w int8 [2, 1] = 1 2
    weights s float [] = 0.5
    a = matmul(x, w) input_scale=0.25
    y = quantize(a, s)
    output y
    output a)");
}

}  // namespace ingot
