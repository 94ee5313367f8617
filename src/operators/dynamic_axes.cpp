#include "operators/dynamic_axes.h"

#include "operators/cumulative.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/scatter_elements.h"
#include "operators/shape.h"
#include "operators/topk.h"

namespace ingot {

namespace {

Tensor* add_filled(Network& network, DataType type, int64_t count, int64_t value) {
  return network.add_constant("", Array::of(type, {count}, std::vector<int64_t>(static_cast<size_t>(count), value)));
}

Result<int64_t> length_of(const Tensor* axes) {
  if (axes->type.rank() != 1 || !axes->type.dims[0].is_constant()) {
    return unsupported("axes '" + axes->name + "' are " + axes->type.text() + "; their number must be known");
  }
  return axes->type.dims[0].value();
}

// 1 at `axes`, 0 elsewhere: int64 [rank].
Result<Tensor*> mark(Network& network, Tensor* axes, int64_t rank) {
  TRY_ASSIGN(int64_t count, length_of(axes));
  return spread_over_axes(network, add_filled(network, DataType::kInt64, count, 1), axes, rank, 0);
}

Result<Tensor*> reshape_to(Network& network, Tensor* x, Tensor* dims, int64_t rank, const std::string& name) {
  auto op = std::make_unique<Reshape>();
  op->zero_copies = false;
  const std::vector<Dim> most(static_cast<size_t>(rank), volume(x->type.dims));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, std::move(op), {x, dims}, name, most));
  return layer->output();
}

}  // namespace

Result<Tensor*> spread_over_axes(Network& network, Tensor* values, Tensor* axes, int64_t rank, int64_t fallback) {
  return network.add(ScatterElements{}, {add_filled(network, values->type.type, rank, fallback), axes, values});
}

Result<Tensor*> squeeze_at_run_time(Network& network, Tensor* x, Tensor* axes, const std::string& name) {
  TRY_ASSIGN(int64_t count, length_of(axes));
  const int64_t rank = x->type.rank();
  if (count > rank) return invalid(std::to_string(count) + " axes are given for " + x->type.text());
  TRY_ASSIGN(Tensor * dropped, mark(network, axes, rank));
  // The places of the zeros, in order: of equal elements topk takes the lower index first.
  TopK kept;
  kept.k = rank - count;
  kept.axis = 0;
  kept.largest = false;
  TRY_ASSIGN(Layer * places, network.add_layer(kept.clone(), {dropped}));
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf{}, {x}));
  TRY_ASSIGN(Tensor * dims, network.add(Gather{}, {shape, places->output(1)}));
  return reshape_to(network, x, dims, rank - count, name);
}

Result<Tensor*> unsqueeze_at_run_time(Network& network, Tensor* x, Tensor* axes, const std::string& name) {
  TRY_ASSIGN(int64_t count, length_of(axes));
  const int64_t rank = x->type.rank() + count;
  TRY_ASSIGN(Tensor * added, mark(network, axes, rank));
  // A place that is not put in holds x's dim of the number of such places before it.
  Tensor* one = add_filled(network, DataType::kInt64, 1, 1);
  TRY_ASSIGN(Tensor * own, network.add(Elementwise(ScalarOp::kSub), {one, added}));
  Cumulative before;
  before.exclusive = true;
  TRY_ASSIGN(Tensor * index, network.add(before, {own}));
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf{}, {x}));
  // Behind the last dim the index runs past the end; there stands a 1 in any case.
  Tensor* last = add_filled(network, DataType::kInt64, 1, std::max<int64_t>(x->type.rank() - 1, 0));
  TRY_ASSIGN(index, network.add(Elementwise(ScalarOp::kMin), {index, last}));
  Tensor* ones = add_filled(network, DataType::kInt64, rank, 1);
  Tensor* dims = ones;
  if (x->type.rank() > 0) {
    TRY_ASSIGN(Tensor * own_dims, network.add(Gather{}, {shape, index}));
    TRY_ASSIGN(Tensor * is_own, network.add(Elementwise(ScalarOp::kEqual), {own, one}));
    TRY_ASSIGN(dims, network.add(Elementwise(ScalarOp::kSelect), {is_own, own_dims, ones}));
  }
  return reshape_to(network, x, dims, rank, name);
}

}  // namespace ingot
