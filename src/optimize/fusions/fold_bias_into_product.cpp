// add(product(x, w), c) => product(x, w, c); add(product(x, w, b), c) => product(x, w, b + c); c a constant number, or one a channel
#include "operators/elementwise.h"
#include "optimize/edit.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

Result<Tensor*> biased_product(Layer& product, ScalarOp op, Tensor* c, Network& network) {
  std::vector<Tensor*> inputs = product_inputs(product);
  const auto axis = channel_axis(product);
  if (!axis || !is_floating(c->type.type) || (inputs[2] && (!inputs[2]->constant.data() || inputs[2]->type.type != c->type.type)))
    return nullptr;
  TRY_ASSIGN(Tensor * bias, per_channel(network, c, product.output()->type.dims, *axis));
  if (!bias) return nullptr;
  if (inputs[2]) {
    TRY_ASSIGN(bias, compute_constant(network, Elementwise(op), {inputs[2], bias}));
  } else if (op == ScalarOp::kSub) {
    TRY_ASSIGN(bias, compute_constant(network, Elementwise(ScalarOp::kNeg), {bias}));
  }
  inputs[2] = bias;
  return add_product(network, copy_product(product.op()), std::move(inputs));
}

}  // namespace

FUSION(fold_bias_into_product, kFoldIntoWeights) {
  auto product = plain_product().used_once();
  auto c = Pattern::constant();
  for (ScalarOp op : {ScalarOp::kAdd, ScalarOp::kSub}) {
    fusions.push_back({"fold_bias_into_product", Pattern::of(op, product, c),
                       [=](const Match& m, Network& network) { return biased_product(m.layer(product), op, m[c], network); }});
  }
}

EXAMPLE("a sum with one number a column becomes the bias") {
  expect_rewrite("fold_bias_into_product", R"net(
    input x [n, 4, 1]
    weights w float [1, 2] = 1 2
    weights c float [2] = 5 6
    a = matmul(x, w)
    y = add(c, a)
    output y)net",
                 R"net(
    input x [n, 4, 1]
    weights w float [1, 2] = 1 2
    weights c float [2] = 5 6
    y = matmul(x, w, c)
    output y)net");
}

EXAMPLE("a second bias is added to the first") {
  expect_rewrite("fold_bias_into_product", R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    weights b float [2] = 3 4
    weights c float [1, 2, 1] = 10 100
    a = convolution(x, w, b)
    y = sub(a, c)
    output y)net",
                 R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    weights b float [2] = -7 -96
    y = convolution(x, w, b)
    output y)net");
}

EXAMPLE("a sum behind an activation is no bias") {
  expect_unchanged("fold_bias_into_product", R"net(
    input x [n, 1]
    weights w float [1, 2] = 1 2
    weights c float [2] = 5 6
    a = matmul(x, w) epilogue="relu(x0)"
    y = add(c, a)
    output y)net");
}

EXAMPLE("a sum with one number a row is no bias") {
  expect_unchanged("fold_bias_into_product", R"net(
    input x [2, 1]
    weights w float [1, 2] = 1 2
    weights c float [2, 1] = 5 6
    a = matmul(x, w)
    y = add(c, a)
    output y)net");
}

}  // namespace ingot
