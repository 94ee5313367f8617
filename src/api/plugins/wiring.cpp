#include "api/plugins/wiring.h"

#include "operators/concat.h"
#include "operators/expand.h"
#include "operators/reshape.h"
#include "operators/shape.h"
#include "operators/slice.h"
#include "operators/transpose.h"

namespace ingot::api {

Tensors Wiring::add_layer(std::unique_ptr<Operator> op, const Tensors& inputs) {
  if (!ok()) return {};
  auto layer = network_.add_layer(std::move(op), inputs);
  if (layer.ok()) return (*layer)->outputs();
  status_ = std::move(layer).error();
  return {};
}

Tensor* Wiring::cast(Tensor* x, DataType type) { return !x || x->type.type == type ? x : add(Elementwise::cast(type), {x}); }

Tensor* Wiring::number(double value, const Tensor* like) {
  return constant(Array::scalar(like ? like->type.type : DataType::kFloat, value));
}

Tensor* Wiring::numbers(const std::vector<double>& values, Shape shape, const Tensor* like) {
  const auto count = volume(shape);
  if (!count.ok() || *count != static_cast<int64_t>(values.size())) {
    refuse(std::to_string(values.size()) + " values are given for " + to_text(shape));
    return nullptr;
  }
  return constant(Array::of(like ? like->type.type : DataType::kFloat, std::move(shape), values));
}

Tensor* Wiring::slice(Tensor* x, int64_t axis, int64_t from, int64_t count) {
  Slice op;
  op.axes = {axis};
  op.starts = {from};
  op.ends = {from + count};
  return add(std::move(op), {x});
}

Tensor* Wiring::reshape(Tensor* x, const Dims& dims) {
  if (!ok()) return nullptr;
  auto op = Reshape::between(x->type.dims, dims);
  if (!op) {
    refuse("a tensor of " + x->type.text() + " does not become one of " + to_text(dims));
    return nullptr;
  }
  return add(std::move(*op), {x});
}

Tensor* Wiring::transpose(Tensor* x, std::vector<int64_t> permutation) { return add(Transpose(std::move(permutation)), {x}); }

Tensor* Wiring::concat(const Tensors& inputs, int64_t axis) { return inputs.size() == 1 ? inputs[0] : add(Concat(axis), inputs); }

Tensor* Wiring::for_each_image(Tensor* x, Tensor* like) {
  if (!ok()) return nullptr;
  Shape rest(x->type.dims.size(), 1);
  if (dims(like).empty() || rest.empty()) {
    refuse("a tensor without a batch is given");
    return nullptr;
  }
  if (like->type.dims[0].is(1)) return x;
  ShapeOf batch;
  batch.end = 1;
  Tensor* wanted = add(std::move(batch), {like});
  if (rest.size() > 1) wanted = concat({wanted, constant(Array::from_int64s(Shape(rest.size() - 1, 1)))}, 0);
  return add(Expand{}, {x, wanted});
}

int64_t Wiring::size(const Tensor* x, size_t axis) {
  const Dims all = dims(x);
  if (axis < all.size() && all[axis].is_constant()) return all[axis].value();
  refuse("dim " + std::to_string(axis) + " of " + to_text(all) + " is to be a number");
  return 1;
}

}  // namespace ingot::api
