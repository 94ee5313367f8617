#include "operators/max_unpool.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

// The dims that a pool of this window turns into those of x.
Result<Dims> MaxUnpool::pooled_from(const Dims& x) const {
  const size_t axes = x.size() < 2 ? 0 : x.size() - 2;
  const auto fits = [&](const std::vector<int64_t>& list, size_t each) { return list.empty() || list.size() == each * axes; };
  if (axes == 0 || kernel.size() != axes || !fits(strides, 1) || !fits(pads, 2)) {
    return invalid("kernel, strides and pads have " + std::to_string(kernel.size()) + ", " + std::to_string(strides.size()) + " and " +
                   std::to_string(pads.size()) + " numbers; 1, 1 and 2 are wanted for each spatial axis of " + to_text(x));
  }
  Dims dims{x[0], x[1]};
  for (size_t i = 0; i < axes; ++i) {
    const int64_t stride = strides.empty() ? 1 : strides[i], cut = pads.empty() ? 0 : pads[i] + pads[axes + i];
    dims.push_back((x[i + 2] - 1) * Dim(stride) + Dim(kernel[i] - cut));
  }
  return dims;
}

Result<TensorTypes> MaxUnpool::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 2, 3));
  TRY(check_index_type("indices", inputs[1].type));
  if (inputs[0].rank() != inputs[1].rank())
    return invalid("the input is " + inputs[0].text() + ", the indices are " + inputs[1].text() + "; their dims must be the same");
  TensorType type{inputs[0].type, {}};
  TRY_ASSIGN(type.dims, pooled_from(inputs[0].dims));
  for (const Dim& dim : type.dims) {
    if (dim.is_constant() && dim.value() < 0) return invalid("the output would be " + to_text(type.dims));
  }
  if (inputs.size() > 2) {
    TRY(check_index_type("dims", inputs[2].type));
    if (inputs[2].rank() != 1 || !inputs[2].dims[0].is(inputs[0].rank()))
      return invalid("dims are " + inputs[2].text() + "; " + std::to_string(inputs[0].rank()) + " integers are wanted");
    for (size_t i = 0; i < type.dims.size(); ++i) {
      if (inputs[2].values) {
        type.dims[i] = (*inputs[2].values)[i];
      } else {
        TRY_ASSIGN(type.dims[i], runtime_dim(kName, symbol, static_cast<int64_t>(i)));
      }
    }
  }
  return TensorTypes{type};
}

Result<Arrays> MaxUnpool::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &indices = inputs[1];
  if (x.shape() != indices.shape()) return invalid("the input is " + to_text(x.shape()) + ", the indices are " + to_text(indices.shape()));
  TRY_ASSIGN(Dims own, pooled_from(to_dims(x.shape())));
  const Shape inner = constant_shape(own), outer = inputs.size() > 2 ? inputs[2].integers() : inner;
  if (outer.size() != inner.size()) return invalid("dims " + to_text(outer) + " are not as many as those of " + to_text(inner));
  TRY_ASSIGN(int64_t count, volume(inner));
  TRY_ASSIGN(Array y, Array::make(x.type(), outer));
  const Shape strides = row_major_strides(inner), outer_strides = row_major_strides(outer);
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t index = indices.integer(i);
    if (index < 0 || index >= count) return invalid("index " + std::to_string(index) + " lies outside of " + to_text(inner));
    int64_t offset = 0;
    bool inside = true;
    for (size_t k = 0; k < inner.size(); ++k) {
      const int64_t at = index / strides[k] % inner[k];
      inside = inside && at < outer[k];
      offset += at * outer_strides[k];
    }
    if (!inside)
      return invalid("dims " + to_text(outer) + " are smaller than " + to_text(inner) + " where index " + std::to_string(index) +
                     " stands");
    y.set_number(offset, x.number(i));
  }
  return Arrays{y};
}

Result<Tensor*> MaxUnpool::from_onnx(const OnnxNode& node, Network& network) {
  MaxUnpool op;
  TRY_ASSIGN(op.kernel, node.integers("kernel_shape", {}));
  TRY_ASSIGN(op.pads, node.integers("pads", {}));
  TRY_ASSIGN(op.strides, node.integers("strides", {}));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  if (node.input(2)) inputs.push_back(node.input(2));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(MaxUnpool, max_unpool, {"MaxUnpool", one_output<MaxUnpool::from_onnx>})

using namespace testing;

EXAMPLE("max_unpool puts elements back") {
  const std::vector<Values> inputs = {{{1, 1, 2}, {5, 6}}, {{1, 1, 2}, {1, 2}}};
  expect_values("input x [1, 1, 2]\ninput i int64 [1, 1, 2]\ny = max_unpool(x, i) kernel=[2] strides=[2]\noutput y\n", inputs,
                {0, 5, 6, 0});
  expect_values(
      "input x [1, 1, 2]\ninput i int64 [1, 1, 2]\nweights d int64 [3] = 1 1 5\ny = max_unpool(x, i, d) kernel=[2] strides=[2]\noutput y\n",
      inputs, {0, 5, 6, 0, 0});
  expect_error("input x [1, 1, 2]\ninput i int64 [1, 1, 2]\ny = max_unpool(x, i)\noutput y\n",
               "kernel, strides and pads have 0, 0 and 0 numbers");
}

}  // namespace ingot
