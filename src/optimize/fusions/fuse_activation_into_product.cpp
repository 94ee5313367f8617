// f(product(x, w, b)) => product(x, w, b) with epilogue f; f one function of the result and constant numbers
#include "optimize/edit.h"
#include "optimize/epilogue.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

// `layer` computes a function of `value` and numbers: its node behind the expression's result; false where it is something else.
bool append_function(Expression& expression, const Layer& layer, const Tensor* value) {
  std::vector<std::optional<double>> numbers;
  for (const Tensor* input : layer.inputs()) {
    numbers.push_back(input == value ? std::nullopt : number_of(input));
    if (input != value && !numbers.back()) return false;
  }
  return append_node(expression, *layer.as<Elementwise>(), numbers);
}

}  // namespace

FUSION(fuse_activation_into_product, kQuantizeInsideEpilogues, kGrowEpilogues) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return producer_as<Elementwise>(&tensor) != nullptr; });
  fusions.push_back({"fuse_activation_into_product", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(root);
                       for (Tensor* value : layer.inputs()) {
                         if (!value || !is_read_only_by(*value, layer) || !may_grow_epilogue(*value)) continue;
                         ProductCopy copy = copy_product(value->producer()->op());
                         if (!append_function(copy.epilogue->epilogue, layer, value) || !is_common_epilogue(copy.epilogue->epilogue))
                           continue;
                         return add_product(network, std::move(copy), product_inputs(*value->producer()));
                       }
                       return nullptr;
                     }});
}

EXAMPLE("relu behind a convolution becomes its epilogue") {
  expect_rewrite("fuse_activation_into_product", R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    a = convolution(x, w)
    y = relu(a)
    output y)net",
                 R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    y = convolution(x, w) epilogue="relu(x0)"
    output y)net");
}

EXAMPLE("bounds and an activation become the epilogue of a matrix product") {
  expect_rewrite("fuse_activation_into_product", R"net(
    input x [n, 1]
    weights w float [1, 2] = 1 2
    weights six float [] = 6
    a = matmul(x, w)
    b = gelu(a)
    y = min(six, b)
    output y)net",
                 R"net(
    input x [n, 1]
    weights w float [1, 2] = 1 2
    y = matmul(x, w) epilogue="min(6, gelu(x0))"
    output y)net");
}

EXAMPLE("functions that are no common epilogue stay") {
  expect_unchanged("fuse_activation_into_product", R"net(
    input x [n, 1]
    weights w float [1, 2] = 1 2
    a = matmul(x, w)
    y = exp(a)
    output y)net");
}

EXAMPLE("a result that is read elsewhere stays") {
  expect_unchanged("fuse_activation_into_product", R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    a = convolution(x, w)
    y = relu(a)
    output y
    output a)net");
}

EXAMPLE("a function that changes the type stays") {
  expect_unchanged("fuse_activation_into_product", R"net(
    input x [n, 1, 3]
    weights w float [2, 1, 1] = 1 2
    a = convolution(x, w)
    y = is_nan(a)
    output y)net");
}

}  // namespace ingot
