// add(product(x, w, b), r) => product(x, w, b, r) with epilogue x0 + x1; r of the result's dims, the product read once
#include "optimize/edit.h"
#include "optimize/epilogue.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool can_take_residual(const Tensor& value, const Layer& reader) {
  return is_used_once(value) && may_grow_epilogue(value) && !value.producer()->input(3) && is_read_only_by(value, reader);
}

}  // namespace

FUSION(fuse_residual_into_product, kQuantizeInsideEpilogues, kGrowEpilogues) {
  auto a = Pattern::any(), b = Pattern::any();
  auto sum = Pattern::of(ScalarOp::kAdd, a, b);
  fusions.push_back({"fuse_residual_into_product", sum, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(sum);
                       Tensor *product = layer.input(0), *residual = layer.input(1);
                       if (product == residual || product->type.dims != residual->type.dims || residual->is_constant() ||
                           product->is_constant())
                         return nullptr;
                       const bool first = can_take_residual(*product, layer), second = can_take_residual(*residual, layer);
                       if (!first && !second) return nullptr;
                       // Where both could, the deeper one waits for the other, whose result is ready by then.
                       if (!first || (second && product_depth(residual->producer()) > product_depth(product->producer())))
                         std::swap(product, residual);
                       ProductCopy copy = copy_product(product->producer()->op());
                       append_with_residual(copy.epilogue->epilogue, ScalarOp::kAdd, false);
                       if (!is_common_epilogue(copy.epilogue->epilogue)) return nullptr;
                       std::vector<Tensor*> inputs = product_inputs(*product->producer());
                       inputs[3] = residual;
                       return add_product(network, std::move(copy), std::move(inputs));
                     }});
}

EXAMPLE("a shortcut is added by the convolution that it leads around") {
  expect_rewrite("fuse_residual_into_product", R"net(
    input x [n, 2, 3]
    weights w float [2, 2, 1] = 1 2 3 4
    a = convolution(x, w)
    y = add(x, a)
    output y)net",
                 R"net(
    input x [n, 2, 3]
    weights w float [2, 2, 1] = 1 2 3 4
    y = convolution(x, w, _, x) epilogue="add(x0, x1)"
    output y)net");
}

EXAMPLE("of two convolutions the deeper one adds the other") {
  expect_rewrite("fuse_residual_into_product", R"net(
    input x [n, 2, 3]
    weights w float [2, 2, 1] = 1 2 3 4
    weights v float [2, 2, 1] = 4 3 2 1
    a = convolution(x, w)
    b = convolution(x, v)
    c = convolution(b, w)
    y = add(a, c)
    output y)net",
                 R"net(
    input x [n, 2, 3]
    weights w float [2, 2, 1] = 1 2 3 4
    weights v float [2, 2, 1] = 4 3 2 1
    b = convolution(x, v)
    a = convolution(x, w)
    y = convolution(b, w, _, a) epilogue="add(x0, x1)"
    output y)net");
}

EXAMPLE("a sum that broadcasts stays") {
  expect_unchanged("fuse_residual_into_product", R"net(
    input x [n, 2, 3]
    input r [2, 1]
    weights w float [2, 2, 1] = 1 2 3 4
    a = convolution(x, w)
    y = add(a, r)
    output y)net");
}

EXAMPLE("a convolution that is read twice takes no residual") {
  expect_unchanged("fuse_residual_into_product", R"net(
    input x [n, 2, 3]
    weights w float [2, 2, 1] = 1 2 3 4
    a = convolution(x, w)
    s = add(a, x)
    y = mul(s, a)
    output y)net");
}

}  // namespace ingot
