// f(g(x), y) => pointwise(x, y) that computes both, where only f reads g's result and both have the same dims
#include <algorithm>
#include <cmath>

#include "operators/elementwise.h"
#include "operators/pointwise.h"
#include "optimize/edit.h"
#include "optimize/epilogue.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Beyond these a chain is cut: kernels have room for so many.
constexpr size_t kMostInputs = 12, kMostNodes = 48;

// Numbers beyond lose bits in an expression, whose constants are floats.
constexpr double kMostExactInteger = 1 << 24;

// An elementwise layer or a chain of them, as one expression over tensors.
struct Chain {
  Expression expression;
  std::vector<Tensor*> inputs;
  DataType to = DataType::kFloat;

  int32_t input(Tensor* tensor) {
    auto found = std::find(inputs.begin(), inputs.end(), tensor);
    if (found == inputs.end()) found = inputs.insert(inputs.end(), tensor);
    return Expression::input(static_cast<int>(found - inputs.begin()));
  }
};

// A constant of one element that an expression can hold.
std::optional<float> held_number(const Tensor& tensor) {
  const auto number = number_of(&tensor);
  if (!number || tensor.type.type == DataType::kBool || tensor.type.type == DataType::kDouble) return std::nullopt;
  if (!is_floating(tensor.type.type) && std::abs(*number) > kMostExactInteger) return std::nullopt;
  return static_cast<float>(*number);
}

// Expressions hold floats: a function of doubles whose parameters are none stays alone.
bool is_pointwise(const Layer& layer) {
  const auto* op = layer.as<Elementwise>();
  if (!op) return layer.as<Pointwise>() != nullptr;
  return layer.inputs()[0]->type.type != DataType::kDouble || op->has_float_parameters();
}

// Shape arithmetic runs on the host, layer by layer.
bool is_shape_arithmetic(const Tensor& tensor) { return tensor.type.values.has_value() || tensor.type.place == Place::kHost; }

void append(Chain& chain, const Layer& layer, const std::vector<int32_t>& operands) {
  if (const auto* elementwise = layer.as<Elementwise>()) {
    const int32_t at =
        chain.expression.add(elementwise->op, operands[0], operands.size() > 1 ? operands[1] : 0, operands.size() > 2 ? operands[2] : 0,
                             static_cast<float>(elementwise->a), static_cast<float>(elementwise->b));
    chain.expression.nodes[static_cast<size_t>(at)].to = elementwise->to;
    return;
  }
  const Expression& inner = layer.as<Pointwise>()->expression;
  const auto offset = static_cast<int32_t>(chain.expression.nodes.size());
  for (Expression::Node node : inner.nodes) {
    if (!node.is_constant) {
      for (int k = 0; k < arity_of(node.op); ++k) {
        int32_t& operand = node.operands[k];
        operand = operand < 0 ? operands[static_cast<size_t>(~operand)] : operand + offset;
      }
    }
    chain.expression.nodes.push_back(node);
  }
}

// What the layer reads, as operands of a chain; the tensor of `inner` is what the chain has computed so far.
std::vector<int32_t> operands_of(Chain& chain, const Layer& layer, const Tensor* inner) {
  const int32_t result = chain.expression.empty() ? 0 : static_cast<int32_t>(chain.expression.nodes.size()) - 1;
  const bool selects = layer.as<Elementwise>() && layer.as<Elementwise>()->op == ScalarOp::kSelect;
  std::vector<int32_t> operands;
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    Tensor* input = layer.inputs()[i];
    if (input == inner) {
      operands.push_back(result);
    } else if (const auto number = held_number(*input); number && !(selects && i == 0)) {
      operands.push_back(chain.expression.add_constant(*number));
    } else {
      operands.push_back(chain.input(input));
    }
  }
  return operands;
}

Result<Tensor*> merged(const Layer& outer, const Layer& inner, Network& network) {
  Chain chain;
  const std::vector<int32_t> first = operands_of(chain, inner, nullptr);
  if (chain.inputs.empty()) return nullptr;
  append(chain, inner, first);
  const std::vector<int32_t> second = operands_of(chain, outer, inner.output());
  append(chain, outer, second);
  if (chain.inputs.size() > kMostInputs || chain.expression.nodes.size() > kMostNodes) return nullptr;
  Pointwise op;
  op.expression = std::move(chain.expression);
  op.to = outer.output()->type.type;
  auto layer = network.add_layer(std::make_unique<Pointwise>(std::move(op)), chain.inputs);
  // Constants beside constants have no type in an expression; such layers stay apart.
  if (!layer.ok()) return nullptr;
  return (*layer)->output();
}

}  // namespace

FUSION(fuse_pointwise, kFusePointwise, kFuseCasts) {
  auto root = Pattern::any().where([](const Tensor& tensor) {
    return tensor.producer() && tensor.producer_index() == 0 && is_pointwise(*tensor.producer()) && !is_shape_arithmetic(tensor);
  });
  fusions.push_back({"fuse_pointwise", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& outer = m.layer(root);
                       for (const Tensor* value : outer.inputs()) {
                         const Layer* inner = value ? value->producer() : nullptr;
                         if (!inner || !is_pointwise(*inner) || !is_read_only_by(*value, outer) || is_shape_arithmetic(*value)) continue;
                         // A smaller result would be computed once for each of the places it is broadcast to.
                         if (value->type.dims != outer.output()->type.dims) continue;
                         TRY_ASSIGN(Tensor * result, merged(outer, *inner, network));
                         if (result) return result;
                       }
                       return nullptr;
                     }});
}

EXAMPLE("a chain of functions is one layer") {
  expect_rewrite("fuse_pointwise", R"net(
    input x [n, 2]
    input z [2]
    weights c float [] = 3
    a = exp(x)
    b = mul(a, z)
    d = add(c, b)
    y = neg(d)
    output y)net",
                 R"net(
    input x [n, 2]
    input z [2]
    y = pointwise(x, z) expression="neg(add(3, mul(exp(x0), x1)))" to=float
    output y)net");
}

EXAMPLE("a value that the chain reads twice is computed once") {
  expect_rewrite("fuse_pointwise", R"net(
    input x [n, 2]
    a = exp(x)
    b = mul(a, a)
    y = sub(b, x)
    output y)net",
                 R"net(
    input x [n, 2]
    y = pointwise(x) expression="t0 = exp(x0); sub(mul(t0, t0), x0)" to=float
    output y)net");
}

EXAMPLE("comparisons and casts take part") {
  expect_rewrite("fuse_pointwise", R"net(
    input x [n, 2]
    weights zero float [] = 0
    a = less(x, zero)
    b = select(a, zero, x)
    y = cast(b) to=int32
    output y)net",
                 R"net(
    input x [n, 2]
    y = pointwise(x) expression="cast(select(less(x0, 0), 0, x0), to=int32)" to=int32
    output y)net");
}

EXAMPLE("a value that is read elsewhere is kept") {
  expect_unchanged("fuse_pointwise", R"net(
    input x [n, 2]
    a = exp(x)
    y = neg(a)
    output y
    output a)net");
}

EXAMPLE("a value that is broadcast is computed before") {
  expect_unchanged("fuse_pointwise", R"net(
    input x [n, 2]
    input z [2]
    a = exp(z)
    y = add(x, a)
    output y)net");
}

EXAMPLE("a function of doubles keeps a parameter that is no float") {
  expect_unchanged("fuse_pointwise", R"(
    input x double [n]
    a = leaky_relu(x) a=0.1
    y = exp(a)
    output y)");
}

}  // namespace ingot
