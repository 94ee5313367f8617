// y [..., M] = x [..., K] * w' + b, where K is all that stands from the axis on; w is [M, K], or [K, M] where it is transposed.
#include "import/caffe/layer.h"
#include "operators/fully_connected.h"
#include "operators/gather.h"
#include "operators/matmul.h"
#include "operators/reshape.h"

namespace ingot {
namespace {

Result<Tensor*> inner_product(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().inner_product_param();
  TRY_ASSIGN(int64_t axis, layer.axis(parameter.axis()));
  const int64_t outputs = parameter.num_output();
  if (outputs == 0) return invalid("num_output is 0 or missing; it is positive");
  const Dims behind(layer.dims().begin() + axis, layer.dims().end());
  if (!all_constant(behind))
    return unsupported("dims of " + layer.input()->type.text() + " from " + std::to_string(axis) + " on have to be known");
  TRY_ASSIGN(int64_t length, volume(constant_shape(behind)));
  TRY_ASSIGN(Tensor * weights, layer.weights(0, parameter.transpose() ? Shape{length, outputs} : Shape{outputs, length}, "kernel"));
  std::vector<Tensor*> inputs = {layer.input(), weights};
  if (parameter.bias_term()) {
    TRY_ASSIGN(Tensor * bias, layer.weights(1, {outputs}, "bias"));
    inputs.push_back(bias);
  }
  if (layer.four_dims() && axis == 1 && layer.rank() == 4 && !parameter.transpose()) return layer.add(FullyConnected{}, std::move(inputs));
  Dims flat;
  for (int64_t d = 0; d < axis; ++d) flat.push_back(input_dim(d));
  if (axis == 0) flat.emplace_back(1);
  flat.emplace_back(length);
  if (behind.size() != 1 || axis == 0) {
    TRY_ASSIGN(inputs[0], layer.add(Reshape(flat), {layer.input()}, "flat"));
  }
  const bool reshapes = axis == 0 || (layer.four_dims() && axis == 1);
  TRY_ASSIGN(Tensor * y, layer.add(MatMul(false, !parameter.transpose()), std::move(inputs), reshapes ? "product" : nullptr));
  if (axis == 0) return layer.add(Reshape(std::vector<int64_t>{outputs}), {y});
  if (reshapes) return layer.add(Reshape(std::vector<int64_t>{0, outputs, 1, 1}), {y});
  return y;
}

// Rows of a table, by indices that stand in floats.
Result<Tensor*> embed(const CaffeLayer& layer) {
  TRY(layer.expects(1, 1));
  const auto& parameter = layer.parameter().embed_param();
  TRY_ASSIGN(Tensor * table, layer.weights(0, {parameter.input_dim(), parameter.num_output()}, "table"));
  TRY_ASSIGN(Tensor * indices, layer.add(Elementwise::cast(DataType::kInt32), {layer.input()}, "indices"));
  if (!parameter.bias_term()) return layer.add(Gather(0), {table, indices});
  TRY_ASSIGN(Tensor * rows, layer.add(Gather(0), {table, indices}, "rows"));
  TRY_ASSIGN(Tensor * bias, layer.weights(1, {parameter.num_output()}, "bias"));
  return layer.add(Elementwise(ScalarOp::kAdd), {rows, bias});
}

}  // namespace

CAFFE_LAYERS(inner_product) {
  catalogue.add("InnerProduct", one_caffe_output<inner_product>);
  catalogue.add("Embed", one_caffe_output<embed>);
}

}  // namespace ingot
