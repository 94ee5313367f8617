// attention(slice(x), slice(x), slice(x)) => attention(x) packed; attention(x * Wq, x * Wk, x * Wv) => attention(x * [Wq Wk Wv]) packed
#include <algorithm>

#include "operators/attention.h"
#include "operators/matmul.h"
#include "operators/slice.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Which part of the last dim of its input a slice takes; nothing where it is another kind of slice.
std::optional<std::pair<int64_t, int64_t>> part_of_last(const Tensor* tensor) {
  const auto* slice = producer_as<Slice>(tensor);
  if (!slice) return std::nullopt;
  const Layer& layer = *tensor->producer();
  const int64_t rank = tensor->type.rank();
  const Dim& length = layer.input(0)->type.dims.back();
  if (layer.inputs().size() != 1 || slice->axes.size() != 1 || slice->sized || !length.is_constant() ||
      !tensor->type.dims.back().is_constant()) {
    return std::nullopt;
  }
  if ((slice->axes[0] != rank - 1 && slice->axes[0] != -1) || (!slice->steps.empty() && slice->steps[0] != 1)) return std::nullopt;
  int64_t start = slice->starts[0];
  if (start < 0) start += length.value();
  start = std::clamp<int64_t>(start, 0, length.value());
  return std::pair{start, start + tensor->type.dims.back().value()};
}

bool may_pack(const Layer& layer) {
  const auto& op = *layer.as<Attention>();
  return op.heads != 0 && !op.packed && op.scale != 0 && layer.input(0)->type.dims == layer.input(1)->type.dims &&
         layer.input(0)->type.dims == layer.input(2)->type.dims;
}

Result<Tensor*> packed(const Layer& layer, Tensor* x, Network& network) {
  Attention op = *layer.as<Attention>();
  op.packed = true;
  std::vector<Tensor*> inputs{x};
  if (layer.input(3)) inputs = {x, nullptr, nullptr, layer.input(3)};
  return network.add(op, inputs);
}

// The slices of one tensor that q, k and v are; null where they are something else.
Tensor* sliced_whole(const Layer& layer) {
  Tensor* whole = nullptr;
  int64_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    const auto part = part_of_last(layer.input(i));
    if (!part || part->first != at) return nullptr;
    Tensor* source = layer.input(i)->producer()->input(0);
    if (whole && source != whole) return nullptr;
    whole = source;
    at = part->second;
  }
  return whole->type.dims.back().is(at) ? whole : nullptr;
}

// A bias of zeros in the place of one that is left out.
Result<Tensor*> bias_or_zeros(Network& network, const Layer& product) {
  if (product.input(2)) return product.input(2);
  TRY_ASSIGN(Array zeros, Array::make(product.output()->type.type, {product.output()->type.dims.back().value()}));
  return network.add_constant("zeros", std::move(zeros));
}

std::vector<double> spread(const EpilogueFields& fields, int64_t channels) {
  std::vector<double> scales = fields.weight_scales.empty() ? std::vector<double>{1.0} : fields.weight_scales;
  if (scales.size() == 1) scales.assign(static_cast<size_t>(channels), scales[0]);
  return scales;
}

// One product for three that read the same rows; null where they are not alike.
Result<Tensor*> merged_product(const Layer& layer, Network& network) {
  std::vector<const Layer*> products;
  for (size_t i = 0; i < 3; ++i) {
    const Tensor* operand = layer.input(i);
    const auto* op = producer_as<MatMul>(operand);
    if (!op || !is_used_once(*operand)) return nullptr;
    const Layer* product = operand->producer();
    const auto* first = products.empty() ? op : products[0]->as<MatMul>();
    const Tensor* weights = product->input(1);
    const bool alike = op->transpose_a == first->transpose_a && op->transpose_b == first->transpose_b && op->to == first->to &&
                       op->input_scale == first->input_scale && op->epilogue.empty() && op->output_scale == 0 && !op->transpose_a;
    if (!alike || product->input(3) || !weights->constant.data() || weights->type.rank() != 2 ||
        (product->input(2) && !product->input(2)->constant.data())) {
      return nullptr;
    }
    if (!products.empty() && (product->input(0) != products[0]->input(0) || weights->type.type != products[0]->input(1)->type.type))
      return nullptr;
    products.push_back(product);
  }
  MatMul merged = *products[0]->as<MatMul>();
  std::vector<Tensor*> weights, biases;
  bool any_bias = false;
  merged.weight_scales.clear();
  for (const Layer* product : products) {
    weights.push_back(product->input(1));
    any_bias = any_bias || product->input(2);
    if (!merged.is_quantized()) continue;
    const std::vector<double> scales = spread(*product->as<MatMul>(), product->output()->type.dims.back().value());
    merged.weight_scales.insert(merged.weight_scales.end(), scales.begin(), scales.end());
  }
  TRY_ASSIGN(Tensor * weight, join_constants(network, merged.transpose_b ? 0 : 1, weights));
  std::vector<Tensor*> inputs{products[0]->input(0), weight};
  if (any_bias) {
    for (const Layer* product : products) {
      TRY_ASSIGN(Tensor * bias, bias_or_zeros(network, *product));
      biases.push_back(bias);
    }
    TRY_ASSIGN(Tensor * bias, join_constants(network, 0, biases));
    inputs.push_back(bias);
  }
  return network.add(merged, inputs);
}

}  // namespace

FUSION(pack_attention, kRecognizeAttention) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return producer_as<Attention>(&tensor) && may_pack(*tensor.producer()); });
  fusions.push_back({"pack_attention", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(root);
                       if (Tensor* whole = sliced_whole(layer)) return packed(layer, whole, network);
                       TRY_ASSIGN(Tensor * product, merged_product(layer, network));
                       if (!product) return nullptr;
                       return packed(layer, product, network);
                     }});
}

EXAMPLE("slices of one tensor are read in place") {
  expect_rewrite("pack_attention", R"(
    input x [n, 3, 12]
    q = slice(x) axes=[2] starts=[0] ends=[4]
    k = slice(x) axes=[2] starts=[4] ends=[8]
    v = slice(x) axes=[-1] starts=[-4] ends=[12]
    y = attention(q, k, v) scale=0.5 heads=2
    output y)",
                 R"(
    input x [n, 3, 12]
    y = attention(x) scale=0.5 heads=2 packed=true
    output y)");
}

EXAMPLE("three products of one tensor are one") {
  expect_rewrite("pack_attention", R"(
    input x [n, 3, 1]
    input mask [n, 1, 3, 3]
    weights wq float [1, 2] = 1 2
    weights wk float [1, 2] = 3 4
    weights wv float [1, 2] = 5 6
    weights b float [2] = 7 8
    q = matmul(x, wq, b)
    k = matmul(x, wk)
    v = matmul(x, wv, b)
    y = attention(q, k, v, mask) scale=0.5 heads=2
    output y)",
                 R"(
    input x [n, 3, 1]
    input mask [n, 1, 3, 3]
    weights w float [1, 6] = 1 2 3 4 5 6
    weights b float [6] = 7 8 0 0 7 8
    a = matmul(x, w, b)
    y = attention(a, _, _, mask) scale=0.5 heads=2 packed=true
    output y)");
}

EXAMPLE("keys of another tensor are not packed") {
  expect_unchanged("pack_attention", R"(
    input x [n, 3, 1]
    input z [n, 3, 1]
    weights wq float [1, 2] = 1 2
    weights wk float [1, 2] = 3 4
    weights wv float [1, 2] = 5 6
    q = matmul(x, wq)
    k = matmul(z, wk)
    v = matmul(x, wv)
    y = attention(q, k, v) scale=0.5 heads=2
    output y)");
}

EXAMPLE("slices in another order are not packed") {
  expect_unchanged("pack_attention", R"(
    input x [n, 3, 12]
    q = slice(x) axes=[2] starts=[4] ends=[8]
    k = slice(x) axes=[2] starts=[0] ends=[4]
    v = slice(x) axes=[2] starts=[8] ends=[12]
    y = attention(q, k, v) scale=0.5 heads=2
    output y)");
}

}  // namespace ingot
