// mul(product(x, w, b), c) => product(x, w * c, b * c), div likewise; c a constant number, or one a channel
#include "operators/reshape.h"
#include "optimize/edit.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

// [channels] as dims that broadcast along `axis` of a tensor of rank `rank`.
Result<Tensor*> along(Network& network, Tensor* per_channel, int64_t axis, int64_t rank) {
  Shape shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(axis)] = per_channel->constant.count();
  if (shape == per_channel->constant.shape()) return per_channel;
  return compute_constant(network, Reshape(shape), {per_channel});
}

Result<Tensor*> scaled_product(Layer& product, ScalarOp op, Tensor* factor, Network& network) {
  std::vector<Tensor*> inputs = product_inputs(product);
  const auto axis = channel_axis(product), weight_axis = weight_channel_axis(product);
  const Tensor* weights = inputs[1];
  const bool known = weights->constant.data() && is_floating(weights->type.type) && (!inputs[2] || inputs[2]->constant.data());
  if (!axis || !weight_axis || !known || factor->type.type != weights->type.type) return nullptr;
  TRY_ASSIGN(Tensor * scale, per_channel(network, factor, product.output()->type.dims, *axis));
  if (!scale) return nullptr;
  TRY_ASSIGN(Tensor * wide, along(network, scale, *weight_axis, weights->type.rank()));
  TRY_ASSIGN(inputs[1], compute_constant(network, Elementwise(op), {inputs[1], wide}));
  if (inputs[2]) {
    TRY_ASSIGN(inputs[2], compute_constant(network, Elementwise(op), {inputs[2], scale}));
  }
  return add_product(network, copy_product(product.op()), std::move(inputs));
}

}  // namespace

FUSION(fold_scale_into_product, kFoldIntoWeights) {
  auto product = plain_product().used_once();
  auto c = Pattern::constant();
  for (ScalarOp op : {ScalarOp::kMul, ScalarOp::kDiv}) {
    fusions.push_back({"fold_scale_into_product", Pattern::of(op, product, c),
                       [=](const Match& m, Network& network) { return scaled_product(m.layer(product), op, m[c], network); }});
  }
}

EXAMPLE("a factor for each channel goes into the weights of a convolution") {
  expect_rewrite("fold_scale_into_product", R"(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    weights b float [2] = 3 4
    weights c float [2, 1] = 10 100
    a = convolution(x, w, b)
    y = mul(c, a)
    output y)",
                 R"(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 10 200
    weights b float [2] = 30 400
    y = convolution(x, w, b)
    output y)");
}

EXAMPLE("a number goes into the weights of a matrix product") {
  expect_rewrite("fold_scale_into_product", R"(
    input x [n, 1]
    weights w float [2, 1] = 1 2
    weights c float [] = 4
    a = matmul(x, w) transpose_b=true
    y = div(a, c)
    output y)",
                 R"(
    input x [n, 1]
    weights w float [2, 1] = 0.25 0.5
    y = matmul(x, w) transpose_b=true
    output y)");
}

EXAMPLE("a factor for each row stays") {
  expect_unchanged("fold_scale_into_product", R"(
    input x [2, 1]
    weights w float [1, 2] = 1 2
    weights c float [2, 1] = 4 5
    a = matmul(x, w)
    y = mul(a, c)
    output y)");
}

EXAMPLE("a product that is read twice keeps its weights") {
  expect_unchanged("fold_scale_into_product", R"(
    input x [n, 1]
    weights w float [1, 2] = 1 2
    weights c float [] = 4
    a = matmul(x, w)
    b = mul(a, c)
    y = add(a, b)
    output y)");
}

}  // namespace ingot
