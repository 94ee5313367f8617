// move(dequantize(x, s)) => dequantize(move(x), s): moves carry bytes, and dequantize comes to stand before the product that absorbs it.
// A move puts the elements of one tensor in other places: reshape, transpose, slice, expand, gather, concat, maximum pooling ...
#include <algorithm>

#include "operators/concat.h"
#include "operators/depth_to_space.h"
#include "operators/expand.h"
#include "operators/flatten.h"
#include "operators/gather.h"
#include "operators/pool.h"
#include "operators/reshape.h"
#include "operators/slice.h"
#include "operators/space_to_depth.h"
#include "operators/squeeze.h"
#include "operators/tile.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"
#include "optimize/edit.h"
#include "optimize/pattern.h"
#include "optimize/quantization.h"
#include "testing/example.h"

namespace ingot {
namespace {

// Moves the elements of its first input alone; the others say where to.
bool moves_first_input(const Layer& layer) {
  if (const auto* pool = layer.as<Pool>()) return pool->kind == PoolKind::kMax && !pool->with_indices && !pool->is_scaled();
  return layer.as<Reshape>() || layer.as<Transpose>() || layer.as<Slice>() || layer.as<Squeeze>() || layer.as<Unsqueeze>() ||
         layer.as<Flatten>() || layer.as<Expand>() || layer.as<Gather>() || layer.as<Tile>() || layer.as<DepthToSpace>() ||
         layer.as<SpaceToDepth>();
}

// Where an axis with a scale for each index goes; nothing where the move does not keep it whole.
std::optional<int64_t> axis_behind(const Layer& layer, int64_t axis) {
  const auto* transpose = layer.as<Transpose>();
  if (!transpose) return std::nullopt;
  auto permutation = transpose->resolve(layer.input(0)->type.rank());
  if (!permutation.ok()) return std::nullopt;
  return std::find(permutation->begin(), permutation->end(), axis) - permutation->begin();
}

Result<Tensor*> sink_through_concat(const Layer& layer, Network& network) {
  std::optional<Dequantized> like;
  std::vector<Tensor*> parts;
  for (const Tensor* input : layer.inputs()) {
    auto part = dequantized(input);
    if (!part || !part->has_one_scale() || (like && like->scales != part->scales)) return nullptr;
    parts.push_back(part->values);
    like = std::move(part);
  }
  if (!like) return nullptr;
  TRY_ASSIGN(Tensor * whole, network.add(*layer.as<Concat>(), parts));
  return add_dequantize(network, whole, *like);
}

}  // namespace

FUSION(sink_dequantize, kMoveQuantization, kComputeOnBytes, kReadBytes) {
  auto root = Pattern::any().where([](const Tensor& tensor) { return tensor.producer() && tensor.producer_index() == 0; });
  fusions.push_back({"sink_dequantize", root, [=](const Match& m, Network& network) -> Result<Tensor*> {
                       const Layer& layer = m.layer(root);
                       if (layer.as<Concat>()) return sink_through_concat(layer, network);
                       if (!moves_first_input(layer)) return nullptr;
                       auto x = dequantized(layer.input(0));
                       if (!x) return nullptr;
                       if (!x->has_one_scale()) {
                         const auto axis = axis_behind(layer, x->axis);
                         if (!axis) return nullptr;
                         x->axis = *axis;
                       }
                       std::vector<Tensor*> inputs = layer.inputs();
                       inputs[0] = x->values;
                       if (layer.as<Transpose>() && inputs[0]->constant.data()) {
                         TRY_ASSIGN(Tensor * constant, compute_constant(network, layer.op(), inputs));
                         return add_dequantize(network, constant, *x);
                       }
                       TRY_ASSIGN(Layer * moved, network.add_layer(layer.op().clone(), inputs));
                       return add_dequantize(network, moved->output(), *x);
                     }});
}

EXAMPLE("bytes are transposed, and then dequantized") {
  expect_rewrite("sink_dequantize", R"(
    input x int8 [n, 2, 3]
    weights s float [] = 0.5
    a = dequantize(x, s)
    y = transpose(a) permutation=[0, 2, 1]
    output y)",
                 R"(
    input x int8 [n, 2, 3]
    weights scale float [] = 0.5
    a = transpose(x) permutation=[0, 2, 1]
    y = dequantize(a, scale)
    output y)");
}

EXAMPLE("the axis of scales goes with a transpose of weights") {
  expect_rewrite("sink_dequantize", R"(
    input x [n, 2]
    weights w int8 [1, 2] = 3 4
    weights s float [2] = 0.5 1
    a = dequantize(w, s) axis=1
    b = transpose(a) permutation=[1, 0]
    y = matmul(x, b)
    output y)",
                 R"(
    input x [n, 2]
    weights t int8 [2, 1] = 3 4
    weights scale float [2] = 0.5 1
    b = dequantize(t, scale) axis=0
    y = matmul(x, b)
    output y)");
}

EXAMPLE("parts of one scale are joined as bytes") {
  expect_rewrite("sink_dequantize", R"(
    input x int8 [n, 2]
    input z int8 [n, 3]
    weights s float [] = 0.5
    a = dequantize(x, s)
    b = dequantize(z, s)
    y = concat(a, b) axis=1
    output y)",
                 R"(
    input x int8 [n, 2]
    input z int8 [n, 3]
    weights scale float [] = 0.5
    a = concat(x, z) axis=1
    y = dequantize(a, scale)
    output y)");
}

EXAMPLE("parts of different scales stay") {
  expect_unchanged("sink_dequantize", R"(
    input x int8 [n, 2]
    input z int8 [n, 3]
    weights s float [] = 0.5
    weights t float [] = 0.25
    a = dequantize(x, s)
    b = dequantize(z, t)
    y = concat(a, b) axis=1
    output y)");
}

EXAMPLE("an average is more than a move") {
  expect_unchanged("sink_dequantize", R"(
    input x int8 [n, 2, 3]
    weights s float [] = 0.5
    a = dequantize(x, s)
    y = pool(a) kind=average kernel=[2]
    output y)");
}

}  // namespace ingot
