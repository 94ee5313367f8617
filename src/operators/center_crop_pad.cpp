// ONNX CenterCropPad-18 as a pad whose counts are negative where it crops.
#include <numeric>

#include "operators/concat.h"
#include "operators/dynamic_axes.h"
#include "operators/elementwise.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/pad.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "testing/example.h"

namespace ingot {

namespace {

Result<Tensor*> import_center_crop_pad(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  Tensor *x = inputs[0], *wanted = inputs[1];
  TRY(check_index_type("dims", wanted->type.type));
  TRY_ASSIGN(std::vector<int64_t> axes, node.integers("axes", {}));
  const int64_t rank = x->type.rank();
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (wanted->type.rank() != 1 || !wanted->type.dims[0].is(static_cast<int64_t>(axes.size()))) {
    return invalid("dims are " + wanted->type.text() + "; one for each of " + std::to_string(axes.size()) + " axes is wanted");
  }
  auto numbers = constant_values(wanted->type);
  bool known = numbers.has_value();
  Pad op;
  op.pads.assign(2 * static_cast<size_t>(rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    TRY_ASSIGN(int64_t axis, normalize_axis(axes[i], rank));
    const Dim& dim = x->type.dims[static_cast<size_t>(axis)];
    known = known && dim.is_constant();
    if (!known) continue;
    // Half of the difference, rounded towards 0, before; the rest behind.
    const int64_t difference = (*numbers)[i] - dim.value();
    op.pads[static_cast<size_t>(axis)] = difference / 2;
    op.pads[static_cast<size_t>(rank + axis)] = difference - difference / 2;
  }
  if (known) return network.add(op, {x}, node.name());
  // The same by layers. An axis that is not named keeps its dim.
  op.pads.clear();
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf{}, {x}));
  if (wanted->type.type != DataType::kInt64) {
    TRY_ASSIGN(wanted, network.add(Elementwise::cast(DataType::kInt64), {wanted}));
  }
  Tensor* places = network.add_constant("", Array::from_int64s(axes));
  const int64_t kept = -1;
  TRY_ASSIGN(Tensor * all, spread_over_axes(network, wanted, places, rank, kept));
  Tensor* zero = network.add_constant("", Array::from_int64s({0}));
  TRY_ASSIGN(Tensor * is_kept, network.add(Elementwise(ScalarOp::kLess), {all, zero}));
  TRY_ASSIGN(all, network.add(Elementwise(ScalarOp::kSelect), {is_kept, shape, all}));
  TRY_ASSIGN(Tensor * difference, network.add(Elementwise(ScalarOp::kSub), {all, shape}));
  Tensor* two = network.add_constant("", Array::from_int64s({2}));
  TRY_ASSIGN(Tensor * before, network.add(Elementwise(ScalarOp::kDiv), {difference, two}));
  TRY_ASSIGN(Tensor * behind, network.add(Elementwise(ScalarOp::kSub), {difference, before}));
  TRY_ASSIGN(Tensor * pads, network.add(Concat{}, {before, behind}));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x, pads}, node.name()));
  return layer->output();
}

}  // namespace

REGISTER_OPERATORS(center_crop_pad) { catalogue.add_onnx("CenterCropPad", one_output<import_center_crop_pad>); }

}  // namespace ingot
