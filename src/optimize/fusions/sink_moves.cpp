// f(move(x)) => move(f(x)) where f works element by element, along the last dim, or along axes that can be renamed: so that reshapes and
// transposes meet and cancel. A move is a reshape or a transpose that nobody else reads.
#include <algorithm>

#include "operators/concat.h"
#include "operators/matmul.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/softmax.h"
#include "operators/transpose.h"
#include "optimize/axis_view.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/product.h"
#include "testing/example.h"

namespace ingot {
namespace {

std::vector<int64_t> inverse(const std::vector<int64_t>& permutation) {
  std::vector<int64_t> result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) result[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  return result;
}

// The layer above where it is a move that only `tensor`'s reader reads.
Layer* move_above(const Tensor* tensor) {
  Layer* layer = tensor ? tensor->producer() : nullptr;
  return layer && is_move(*layer) && is_used_once(*tensor) ? layer : nullptr;
}

// The permutation of a transpose above `tensor`; nothing where there is none.
std::optional<std::vector<int64_t>> transpose_above(const Tensor* tensor) {
  const Layer* layer = move_above(tensor);
  if (!layer || !layer->as<Transpose>()) return std::nullopt;
  auto permutation = layer->as<Transpose>()->resolve(tensor->type.rank());
  return permutation.ok() ? std::optional(*permutation) : std::nullopt;
}

// A constant operand as it stands beside the tensor before the move; null where it would have to change.
Result<Tensor*> constant_before(Network& network, Tensor* constant, const Layer& move) {
  if (!constant->constant.data()) return nullptr;
  Tensor* before = move.input(0);
  if (constant->constant.count() == 1) {
    return constant->type.rank() <= before->type.rank() ? constant : nullptr;
  }
  const auto* transpose = move.as<Transpose>();
  if (transpose) {
    TRY_ASSIGN(std::vector<int64_t> permutation, transpose->resolve(before->type.rank()));
    Shape shape = constant->constant.shape();
    if (shape.size() > permutation.size()) return nullptr;
    shape.insert(shape.begin(), permutation.size() - shape.size(), 1);
    TRY_ASSIGN(Tensor * wide, compute_constant(network, Reshape(shape), {constant}));
    return compute_constant(network, Transpose(inverse(permutation)), {wide});
  }
  AxisView view(before->type.dims);
  if (constant->type.rank() == 1 && view.apply(move) && view.keeps_last()) return constant;
  return nullptr;
}

Result<Tensor*> move_again(Network& network, const Layer& move, Tensor* tensor) {
  if (move.as<Transpose>()) return network.add(*move.as<Transpose>(), {tensor});
  auto reshape = Reshape::between(tensor->type.dims, move.output()->type.dims);
  if (!reshape) return nullptr;
  return network.add(*reshape, {tensor});
}

// Elementwise layers: one operand moves, the others are constants; or all operands move alike.
Result<Tensor*> sink_through_elementwise(const Layer& layer, Network& network) {
  const auto& op = *layer.as<Elementwise>();
  Layer* move = nullptr;
  for (const Tensor* input : layer.inputs()) {
    if (!input->is_constant() && !move) move = move_above(input);
  }
  if (!move || move->output()->type.dims != layer.output()->type.dims) return nullptr;
  std::vector<Tensor*> inputs;
  for (Tensor* input : layer.inputs()) {
    if (input == move->output()) {
      inputs.push_back(move->input(0));
    } else if (input->is_constant()) {
      TRY_ASSIGN(Tensor * constant, constant_before(network, input, *move));
      if (!constant) return nullptr;
      inputs.push_back(constant);
    } else {
      const Layer* other = move_above(input);
      if (!other || !other->op().equals(move->op()) || other->input(0)->type.dims != move->input(0)->type.dims) return nullptr;
      inputs.push_back(other->input(0));
    }
  }
  TRY_ASSIGN(Tensor * result, network.add(op, inputs));
  return move_again(network, *move, result);
}

// Matrix products with one matrix of weights work row by row, so it does not matter how the rows lie.
Result<Tensor*> sink_through_matmul(const Layer& layer, Network& network) {
  const auto& op = *layer.as<MatMul>();
  const Tensor* weights = layer.input(1);
  if (op.transpose_a || layer.input(3) || weights->type.rank() != 2 || !weights->is_constant()) return nullptr;
  std::vector<const Layer*> chain;
  for (const Layer* move = move_above(layer.input(0)); move; move = move_above(move->input(0))) chain.push_back(move);
  for (; !chain.empty(); chain.pop_back()) {
    Tensor* base = chain.back()->input(0);
    AxisView view(base->type.dims);
    bool known = base->type.rank() >= 2;
    for (size_t i = chain.size(); known && i-- > 0;) known = view.apply(*chain[i]);
    if (!known || !view.keeps_last()) continue;
    TRY_ASSIGN(Tensor * product, add_product(network, copy_product(op), {base, layer.input(1), layer.input(2)}));
    return view.build_with_last(network, product);
  }
  return nullptr;
}

Result<Tensor*> sink_through_softmax(const Layer& layer, Network& network) {
  const auto permutation = transpose_above(layer.input(0));
  if (!permutation) return nullptr;
  Softmax op = *layer.as<Softmax>();
  TRY_ASSIGN(const int64_t axis, normalize_axis(op.axis, layer.input(0)->type.rank()));
  op.axis = (*permutation)[static_cast<size_t>(axis)];
  // Softmax along the last axis is the fast one.
  if (axis == layer.input(0)->type.rank() - 1) return nullptr;
  TRY_ASSIGN(Tensor * result, network.add(op, {layer.input(0)->producer()->input(0)}));
  return network.add(Transpose(*permutation), {result});
}

Result<Tensor*> sink_through_reduce(const Layer& layer, Network& network) {
  const auto permutation = transpose_above(layer.input(0));
  Reduce op = *layer.as<Reduce>();
  if (!permutation || op.axes.empty() || layer.inputs().size() > 1) return nullptr;
  const int64_t rank = layer.input(0)->type.rank();
  std::vector<bool> reduced(static_cast<size_t>(rank), false);
  for (int64_t& axis : op.axes) {
    TRY_ASSIGN(axis, normalize_axis(axis, rank));
    axis = (*permutation)[static_cast<size_t>(axis)];
    reduced[static_cast<size_t>(axis)] = true;
  }
  std::sort(op.axes.begin(), op.axes.end());
  TRY_ASSIGN(Tensor * result, network.add(op, {layer.input(0)->producer()->input(0)}));
  std::vector<int64_t> left;
  for (int64_t axis : *permutation) {
    if (op.keepdims) {
      left.push_back(axis);
    } else if (!reduced[static_cast<size_t>(axis)]) {
      left.push_back(axis - std::count(reduced.begin(), reduced.begin() + axis, true));
    }
  }
  if (left.empty()) return result;
  return network.add(Transpose(left), {result});
}

Result<Tensor*> sink_through_concat(const Layer& layer, Network& network) {
  std::optional<std::vector<int64_t>> permutation;
  std::vector<Tensor*> inputs;
  for (Tensor* input : layer.inputs()) {
    auto own = transpose_above(input);
    if (!own || (permutation && *permutation != *own)) return nullptr;
    permutation = own;
    inputs.push_back(input->producer()->input(0));
  }
  if (!permutation) return nullptr;
  TRY_ASSIGN(const int64_t axis, normalize_axis(layer.as<Concat>()->axis, layer.output()->type.rank()));
  TRY_ASSIGN(Tensor * result, network.add(Concat((*permutation)[static_cast<size_t>(axis)]), inputs));
  return network.add(Transpose(*permutation), {result});
}

}  // namespace

FUSION(sink_moves, kCancelMoves, kRecognizeAttention) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return tensor.producer() && tensor.producer_index() == 0; });
  fusions.push_back({"sink_moves", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(root);
                       if (layer.as<Elementwise>()) return sink_through_elementwise(layer, network);
                       if (layer.as<MatMul>()) return sink_through_matmul(layer, network);
                       if (layer.as<Softmax>()) return sink_through_softmax(layer, network);
                       if (layer.as<Reduce>()) return sink_through_reduce(layer, network);
                       if (layer.as<Concat>()) return sink_through_concat(layer, network);
                       return nullptr;
                     }});
}

EXAMPLE("a transpose sinks through a function and a constant") {
  expect_rewrite("sink_moves", R"(
    input x [n, 2, 3]
    weights c float [2] = 10 20
    t = transpose(x) permutation=[0, 2, 1]
    a = add(t, c)
    y = relu(a)
    output y)",
                 R"(
    input x [n, 2, 3]
    weights c float [1, 2, 1] = 10 20
    a = add(x, c)
    b = relu(a)
    y = transpose(b) permutation=[0, 2, 1]
    output y)");
}

EXAMPLE("rows may lie as they like before a matrix product") {
  expect_rewrite("sink_moves", R"(
    input x [n, s, 3]
    weights w float [3, 2] = 1 2 3 4 5 6
    t = transpose(x) permutation=[1, 0, 2]
    r = reshape(t) dims=[-1, 3]
    y = matmul(r, w)
    output y)",
                 R"(
    input x [n, s, 3]
    weights w float [3, 2] = 1 2 3 4 5 6
    a = matmul(x, w)
    t = transpose(a) permutation=[1, 0, 2]
    y = reshape(t) dims=[-1, 2]
    output y)");
}

EXAMPLE("two tensors that are moved alike are added before") {
  expect_rewrite("sink_moves", R"(
    input x [n, 2, 3]
    input z [n, 2, 3]
    a = transpose(x) permutation=[0, 2, 1]
    b = transpose(z) permutation=[0, 2, 1]
    y = add(a, b)
    output y)",
                 R"(
    input x [n, 2, 3]
    input z [n, 2, 3]
    a = add(x, z)
    y = transpose(a) permutation=[0, 2, 1]
    output y)");
}

EXAMPLE("the axes of a mean are renamed") {
  expect_rewrite("sink_moves", R"(
    input x [n, 2, 3, 4]
    t = transpose(x) permutation=[0, 2, 3, 1]
    y = reduce(t) kind=mean axes=[1, 2] keepdims=false
    output y)",
                 R"(
    input x [n, 2, 3, 4]
    r = reduce(x) kind=mean axes=[2, 3] keepdims=false
    y = transpose(r) permutation=[0, 1]
    output y)");
}

EXAMPLE("the axis of a concatenation is renamed") {
  expect_rewrite("sink_moves", R"(
    input x [n, 2, 3]
    input z [n, 1, 3]
    a = transpose(x) permutation=[0, 2, 1]
    b = transpose(z) permutation=[0, 2, 1]
    y = concat(a, b) axis=-1
    output y)",
                 R"(
    input x [n, 2, 3]
    input z [n, 1, 3]
    a = concat(x, z) axis=1
    y = transpose(a) permutation=[0, 2, 1]
    output y)");
}

EXAMPLE("a transpose of the columns stays before a matrix product") {
  expect_unchanged("sink_moves", R"(
    input x [n, 3, s]
    weights w float [3, 1] = 1 2 3
    t = transpose(x) permutation=[0, 2, 1]
    y = matmul(t, w)
    output y)");
}

EXAMPLE("a move that is read twice stays") {
  expect_unchanged("sink_moves", R"(
    input x [n, 3]
    t = transpose(x)
    a = relu(t)
    y = add(a, t)
    output y)");
}

EXAMPLE("a sum with a tensor that is not moved stays") {
  expect_unchanged("sink_moves", R"(
    input x [2, 2]
    input z [2, 2]
    t = transpose(x)
    y = add(t, z)
    output y)");
}

}  // namespace ingot
