// attention(transpose(q), transpose(k), transpose(v)) with heads as a dim => attention over heads side by side, which needs no transpose
#include <cmath>

#include "operators/attention.h"
#include "operators/reshape.h"
#include "operators/transpose.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "testing/example.h"

namespace ingot {
namespace {

// [B, S, H, D] where `tensor` is its transpose [B, H, S, D]; null otherwise.
Tensor* before_transpose(const Tensor* tensor) {
  const auto* transpose = producer_as<Transpose>(tensor);
  if (!transpose || tensor->type.rank() != 4 || transpose->permutation != std::vector<int64_t>{0, 2, 1, 3}) return nullptr;
  return tensor->producer()->input(0);
}

// [B, S, H, D] as [B, S, H*D].
Result<Tensor*> joined(Network& network, Tensor* tensor) {
  const Dims& dims = tensor->type.dims;
  auto reshape = Reshape::between(dims, {dims[0], dims[1], dims[2] * dims[3]});
  if (!reshape) return nullptr;
  return network.add(*reshape, {tensor});
}

}  // namespace

FUSION(join_heads_of_attention, kRecognizeAttention) {
  auto q = Pattern::any(), k = Pattern::any(), v = Pattern::any();
  auto root = Pattern::of<Attention>(q, k, v).with_more_inputs().with<Attention>([](const Attention& op) { return op.heads == 0; });
  fusions.push_back({"join_heads_of_attention", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(root);
                       Attention op = m.op<Attention>(root);
                       std::vector<Tensor*> inputs;
                       for (const Pattern& operand : {q, k, v}) {
                         Tensor* before = before_transpose(m[operand]);
                         if (!before || !before->type.dims[2].is_constant() || !before->type.dims[3].is_constant()) return nullptr;
                         TRY_ASSIGN(Tensor * flat, joined(network, before));
                         if (!flat) return nullptr;
                         inputs.push_back(flat);
                       }
                       op.heads = m[q]->type.dims[1].value();
                       op.key_heads = m[k]->type.dims[1].value() == op.heads ? 0 : m[k]->type.dims[1].value();
                       if (op.scale == 0) op.scale = 1 / std::sqrt(static_cast<double>(m[q]->type.dims[3].value()));
                       if (layer.input(3)) inputs.push_back(layer.input(3));
                       TRY_ASSIGN(Tensor * result, network.add(op, inputs));
                       const Dims& wanted = m[root]->type.dims;
                       auto split = Reshape::between(result->type.dims, {wanted[0], wanted[2], wanted[1], wanted[3]});
                       if (!split) return nullptr;
                       TRY_ASSIGN(result, network.add(*split, {result}));
                       return network.add(Transpose({0, 2, 1, 3}), {result});
                     }});
}

EXAMPLE("three transposes go, and one comes behind") {
  expect_rewrite("join_heads_of_attention", R"(
    input q [n, 3, 2, 4]
    input k [n, 3, 2, 4]
    input v [n, 3, 2, 4]
    a = transpose(q) permutation=[0, 2, 1, 3]
    b = transpose(k) permutation=[0, 2, 1, 3]
    c = transpose(v) permutation=[0, 2, 1, 3]
    y = attention(a, b, c) scale=0.5
    output y)",
                 R"(
    input q [n, 3, 2, 4]
    input k [n, 3, 2, 4]
    input v [n, 3, 2, 4]
    a = reshape(q) dims=[0, 3, 8]
    b = reshape(k) dims=[0, 3, 8]
    c = reshape(v) dims=[0, 3, 8]
    d = attention(a, b, c) scale=0.5 heads=2
    e = reshape(d) dims=[0, 3, 2, 4]
    y = transpose(e) permutation=[0, 2, 1, 3]
    output y)");
}

EXAMPLE("heads that are a dim from the start stay one") {
  expect_unchanged("join_heads_of_attention", R"(
    input q [n, 2, 3, 4]
    input k [n, 3, 2, 4]
    input v [n, 3, 2, 4]
    b = transpose(k) permutation=[0, 2, 1, 3]
    c = transpose(v) permutation=[0, 2, 1, 3]
    y = attention(q, b, c) scale=0.5
    output y)");
}

}  // namespace ingot
