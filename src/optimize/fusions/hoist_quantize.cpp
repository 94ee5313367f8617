// quantize(move(x), s) => move(quantize(x, s)) where nobody else reads the float result: the layer that makes x may absorb it, and the move
// carries bytes. quantize(concat(a, b), s) => concat(quantize(a, s), quantize(b, s)) likewise.
#include "operators/concat.h"
#include "operators/flatten.h"
#include "operators/pool.h"
#include "operators/reshape.h"
#include "operators/squeeze.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Every element of its first input is moved, none dropped or repeated, so that quantizing before costs no more than behind.
bool is_movement(const Layer& layer) {
  if (const auto* pool = layer.as<Pool>()) return pool->kind == PoolKind::kMax && !pool->with_indices && !pool->is_scaled();
  return layer.as<Reshape>() || layer.as<Transpose>() || layer.as<Squeeze>() || layer.as<Unsqueeze>() || layer.as<Flatten>();
}

}  // namespace

FUSION(hoist_quantize, kMoveQuantization, kStoreBytes) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return quantized(&tensor).has_value(); });
  fusions.push_back({"hoist_quantize", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const auto quantize = quantized(m[root]);
                       const Layer* move = quantize->value->producer();
                       if (!move || !is_used_once(*quantize->value)) return nullptr;
                       std::vector<Tensor*> inputs = move->inputs();
                       if (move->as<Concat>()) {
                         for (Tensor*& input : inputs) {
                           TRY_ASSIGN(input, add_quantize(network, input, quantize->scale));
                         }
                         return network.add(*move->as<Concat>(), inputs);
                       }
                       if (!is_movement(*move) || inputs[0]->type.type != DataType::kFloat) return nullptr;
                       TRY_ASSIGN(inputs[0], add_quantize(network, inputs[0], quantize->scale));
                       TRY_ASSIGN(Layer * moved, network.add_layer(move->op().clone(), inputs));
                       return moved->output();
                     }});
}

EXAMPLE("what is quantized after a reshape is quantized before it") {
  expect_rewrite("hoist_quantize", R"(
    input x [n, 2, 3]
    weights s float [] = 0.5
    a = exp(x)
    b = reshape(a) dims="[d0, 6]"
    y = quantize(b, s)
    output y)",
                 R"(
    input x [n, 2, 3]
    weights s float [] = 0.5
    a = exp(x)
    b = quantize(a, s)
    y = reshape(b) dims="[d0, 6]"
    output y)");
}

EXAMPLE("each part of a concatenation is quantized") {
  expect_rewrite("hoist_quantize", R"(
    input x [n, 2]
    input z [n, 3]
    weights s float [] = 0.5
    a = concat(x, z) axis=1
    y = quantize(a, s)
    output y)",
                 R"(
    input x [n, 2]
    input z [n, 3]
    weights s float [] = 0.5
    weights t float [] = 0.5
    a = quantize(x, s)
    b = quantize(z, t)
    y = concat(a, b) axis=1
    output y)");
}

EXAMPLE("a move whose float result is read elsewhere stays") {
  expect_unchanged("hoist_quantize", R"(
    input x [n, 2, 3]
    weights s float [] = 0.5
    b = reshape(x) dims="[d0, 6]"
    y = quantize(b, s)
    output y
    output b)");
}

}  // namespace ingot
