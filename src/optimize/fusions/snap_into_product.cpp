// add(dequantize(quantize(product(x, w), s), s), c) => product(x, w, c) with sum_scale = s; c a constant number, or one a channel
// dequantize(quantize(product, s), s) => product with epilogue snap(product, s) where what follows goes into the epilogue too, or nothing
// does Products are those of int8.
#include "operators/elementwise.h"
#include "optimize/edit.h"
#include "optimize/epilogue.h"
#include "optimize/product.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

// A product of bytes with a float result that `tensor` is, where nobody else reads it.
const Layer* float_product(const Tensor* tensor) {
  const Layer* product = tensor->producer();
  const EpilogueFields* fields = product ? epilogue_of(product->op()) : nullptr;
  return fields && fields->is_quantized() && fields->output_scale == 0 && is_used_once(*tensor) ? product : nullptr;
}

Result<Tensor*> with_bias_behind(Tensor* sum, Tensor* bias, Network& network) {
  const auto snap = snapped(sum);
  const Layer* product = snap ? float_product(snap->value) : nullptr;
  if (!product || product->input(2) || product->input(3) || !is_used_once(*sum)) return nullptr;
  const EpilogueFields& fields = *epilogue_of(product->op());
  const auto axis = channel_axis(*product);
  if (!fields.epilogue.empty() || fields.sum_scale != 0 || !axis || bias->type.type != DataType::kFloat) return nullptr;
  std::vector<Tensor*> inputs = product_inputs(*product);
  TRY_ASSIGN(inputs[2], per_channel(network, bias, sum->type.dims, *axis));
  if (!inputs[2]) return nullptr;
  ProductCopy copy = copy_product(product->op());
  copy.epilogue->sum_scale = snap->scale;
  return add_product(network, std::move(copy), std::move(inputs));
}

// Functions that kernels of products apply to their sums, and that have one operand beside constant numbers.
bool is_activation(const Layer& layer) {
  const auto* op = layer.as<Elementwise>();
  if (!op || op->op == ScalarOp::kAdd || op->op == ScalarOp::kSnap) return false;
  Expression expression;
  std::vector<std::optional<double>> numbers;
  int operands = 0;
  for (const Tensor* input : layer.inputs()) {
    numbers.push_back(number_of(input));
    operands += !numbers.back();
  }
  return operands == 1 && append_node(expression, *op, numbers) && is_common_epilogue(expression);
}

// Whether the reader of `tensor`, a snapped product, is a sum that this product is to compute: not the other one's shortcut.
bool is_added_here(const Tensor& tensor, const Layer& product) {
  const Layer& sum = *tensor.readers()[0];
  const auto* op = sum.as<Elementwise>();
  if (!op || op->op != ScalarOp::kAdd || product.input(3)) return false;
  const Tensor* other = sum.input(0) == &tensor ? sum.input(1) : sum.input(0);
  if (other == &tensor || other->type.dims != tensor.type.dims || other->is_constant()) return false;
  const auto rival = is_used_once(*other) ? snapped(other) : std::nullopt;
  const Layer* deeper = rival ? float_product(rival->value) : nullptr;
  if (!deeper || deeper->input(3)) return true;
  const int64_t own = product_depth(&product), its = product_depth(deeper);
  return own > its || (own == its && sum.input(0) == &tensor);
}

Result<Tensor*> with_snap(Tensor* tensor, Network& network) {
  const auto snap = snapped(tensor);
  const Layer* product = snap ? float_product(snap->value) : nullptr;
  if (!product) return nullptr;
  const bool ends_here = tensor->is_output() && tensor->readers().empty();
  const bool goes_on = is_used_once(*tensor) && (is_activation(*tensor->readers()[0]) || is_added_here(*tensor, *product));
  if (!ends_here && !goes_on) return nullptr;
  ProductCopy copy = copy_product(product->op());
  if (!append_node(copy.epilogue->epilogue, Elementwise(ScalarOp::kSnap, snap->scale), {std::nullopt})) return nullptr;
  if (!is_common_epilogue(copy.epilogue->epilogue)) return nullptr;
  return add_product(network, std::move(copy), product_inputs(*product));
}

}  // namespace

FUSION(snap_into_product, kQuantizeInsideEpilogues) {
  auto sum = Pattern::any(), bias = Pattern::constant();
  fusions.push_back({"snap_into_product", Pattern::of(ScalarOp::kAdd, sum, bias),
                     [=](const Match& m, Network& network) { return with_bias_behind(m[sum], m[bias], network); }});
  auto root = Pattern::any().where([](const Tensor& tensor) { return snapped(&tensor).has_value(); });
  fusions.push_back({"snap_into_product", root, [=](const Match& m, Network& network) { return with_snap(m[root], network); }});
}

EXAMPLE("a bias is added to a sum that was quantized") {
  expect_rewrite("snap_into_product", R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights b float [2] = 0.25 0.5
    weights s float [] = 0.75
    a = matmul(x, w) input_scale=0.25
    q = quantize(a, s)
    d = dequantize(q, s)
    y = add(b, d)
    output y)",
                 R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights b float [2] = 0.25 0.5
    y = matmul(x, w, b) input_scale=0.25 sum_scale=0.75
    output y)");
}

EXAMPLE("a result that is quantized before relu") {
  expect_rewrite("snap_into_product", R"net(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights s float [] = 0.75
    a = matmul(x, w) input_scale=0.25
    q = quantize(a, s)
    d = dequantize(q, s)
    y = relu(d)
    output y)net",
                 R"net(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    a = matmul(x, w) epilogue="snap(x0, a=0.75)" input_scale=0.25
    y = relu(a)
    output y)net");
}

EXAMPLE("a quantized result that several layers read is stored as bytes") {
  expect_unchanged("snap_into_product", R"(
    input x int8 [n, 2]
    weights w int8 [2, 2] = 1 2 3 4
    weights s float [] = 0.75
    a = matmul(x, w) input_scale=0.25
    q = quantize(a, s)
    d = dequantize(q, s)
    y = relu(d)
    z = exp(d)
    output y
    output z)");
}

}  // namespace ingot
