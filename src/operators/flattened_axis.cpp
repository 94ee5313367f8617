#include "operators/flattened_axis.h"

#include <algorithm>

#include "operators/onnx_input.h"
#include "operators/reshape.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"

namespace ingot {

Result<Tensor*> along_onnx_axis(const OnnxNode& node, Network& network,
                                const std::function<Result<Tensor*>(Tensor* x, int64_t axis)>& along) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  const bool flattens = node.opset() < 13;
  TRY_ASSIGN(int64_t axis, node.integer("axis", flattens ? 1 : -1));
  const Dims dims = x->type.dims;
  const auto rank = static_cast<int64_t>(dims.size());
  if (flattens && (axis == rank || rank == 0)) return unsupported("a softmax over no dimensions (axis " + std::to_string(axis) + ")");
  TRY_ASSIGN(axis, normalize_axis(axis, rank));
  const bool is_one = std::all_of(dims.begin() + axis + 1, dims.end(), [](const Dim& dim) { return dim.is(1); });
  if (!flattens || is_one) return along(x, axis);
  // Dimensions in front of the axis may stay as they are; those behind it become one.
  Dims flat;
  Dim rest = 1;
  for (int64_t d = 0; d < rank; ++d) {
    if (d < axis)
      flat.push_back(input_dim(d));
    else
      rest = rest * input_dim(d);
  }
  flat.push_back(rest);
  TRY_ASSIGN(Tensor * flattened, network.add(Reshape(flat), {x}));
  TRY_ASSIGN(Tensor * y, along(flattened, axis));
  if (auto back = Reshape::between(flattened->type.dims, dims)) return network.add(*back, {y});
  TRY_ASSIGN(Tensor * shape, network.add(ShapeOf(), {x}));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, std::make_unique<Reshape>(), {y, shape}));
  return layer->output();
}

}  // namespace ingot
