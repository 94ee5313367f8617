// The experimental operators that the standard had up to its version 1.4 and that files of opsets 1 to 10 still carry. Where the standard
// says little, they are what the frameworks that wrote them computed. Source: ONNX 1.4, the operators marked experimental. ATen and GRUUnit
// are calls into one framework and have no formula there.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/fill.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/onnx_types.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "operators/shape.h"
#include "operators/slice.h"

namespace ingot {
namespace {

// A function of x with the attributes alpha (1) and beta: affine alpha * x + beta, scaled_tanh alpha * tanh(beta * x), softplus
// alpha * ln(exp(beta * x) + 1).
template <ScalarOp kOp, int kUsualBeta>
Result<Tensor*> with_factors(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const double alpha, node.number("alpha", 1));
  TRY_ASSIGN(const double beta, node.number("beta", kUsualBeta));
  constexpr bool kInnerFirst = kOp == ScalarOp::kSoftplus;  // of its two constants
  return network.add(kInnerFirst ? Elementwise(kOp, beta, alpha) : Elementwise(kOp, alpha, beta), {x});
}

// scale * x
Result<Tensor*> scale(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const double factor, node.number("scale", 1));
  return network.add(Elementwise(ScalarOp::kAffine, factor, 0), {x});
}

// scale * x + bias of the channel
Result<Tensor*> image_scaler(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * y, scale(node, network));
  TRY_ASSIGN(const std::vector<double> bias, node.numbers("bias", {}));
  if (bias.empty()) return y;
  const auto count = static_cast<int64_t>(bias.size());
  if (y->type.rank() != 4 || (y->type.dims[1].is_constant() && !y->type.dims[1].is(count)))
    return invalid(fmt::format("{} biases do not belong to the channels of {}", count, y->type.text()));
  Tensor* channels = network.add_constant("", Array::of(y->type.type, {1, count, 1, 1}, bias));
  return network.add(Elementwise(ScalarOp::kAdd), {y, channels});
}

// Images without their border (left, top, right, bottom); with `scale`, that height and width from the left and upper border on.
Result<Tensor*> crop(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(const std::vector<int64_t> border, node.integers("border", {}));
  TRY_ASSIGN(const std::vector<int64_t> size, node.integers("scale", {}));
  if (x->type.rank() != 4) return invalid("it crops images [N, C, H, W], not " + x->type.text());
  if (border.size() != 4 || *std::min_element(border.begin(), border.end()) < 0)
    return invalid("the border is " + to_text(border) + "; left, top, right and bottom are wanted, none below 0");
  if (!size.empty() && (size.size() != 2 || size[0] < 1 || size[1] < 1))
    return invalid("the scale is " + to_text(size) + "; a height and a width are wanted");
  Slice op;
  op.axes = {2, 3};
  op.starts = {border[1], border[0]};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t behind = border[3 - i];
    const int64_t end = behind == 0 ? std::numeric_limits<int64_t>::max() : -behind;
    if (!size.empty() && size[i] > std::numeric_limits<int64_t>::max() - op.starts[i]) return invalid("the scale is " + to_text(size));
    op.ends.push_back(size.empty() ? end : op.starts[i] + size[i]);
    const Dim& dim = x->type.dims[2 + i];
    const int64_t needed = size.empty() ? op.starts[i] : op.ends[i];
    if (dim.is_constant() && (dim.value() < needed || (size.empty() && dim.value() - needed < behind)))
      return invalid(fmt::format("the border {} and the scale {} do not fit into {}", to_text(border), to_text(size), x->type.text()));
  }
  return network.add(op, {x}, node.name());
}

// `value` in dims that an attribute names, or the input has, or the input lists; `extra_shape` stands behind them.
Result<Tensor*> filled(const OnnxNode& node, Network& network, Fill op) {
  TRY_ASSIGN(const std::vector<int64_t> more, node.integers("extra_shape", {}));
  TRY_ASSIGN(const int64_t as_shape, node.integer("input_as_shape", 0));
  Tensor* x = node.input_count() > 0 ? node.input(0) : nullptr;
  if (!x) {
    TRY_ASSIGN(std::vector<int64_t> dims, node.integers("shape", {}));
    dims.insert(dims.end(), more.begin(), more.end());
    op.dims = DimList(dims);
    return network.add(op, {}, node.name());
  }
  if (!as_shape) {
    TRY_ASSIGN(x, network.add(ShapeOf(), {x}));
  } else if (x->type.type != DataType::kInt64) {
    TRY_ASSIGN(x, network.add(Elementwise::cast(DataType::kInt64), {x}));
  }
  if (!more.empty()) {
    TRY_ASSIGN(x, network.add(Concat(0), {x, network.add_constant("", Array::from_int64s(more))}));
  }
  if (const auto numbers = constant_values(x->type)) {
    op.dims = DimList(*numbers);
    return network.add(op, {}, node.name());
  }
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), {x}, node.name()));
  return layer->output();
}

Result<Tensor*> constant_fill(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const int64_t number, node.integer("dtype", 1));
  TRY_ASSIGN(const DataType type, data_type_from_onnx(number));
  TRY_ASSIGN(const double value, node.number("value", 0));
  Fill op;
  op.value = Array::of(type, {1}, std::vector<double>{value});
  return filled(node, network, op);
}

// The numbers of `values` in the dims of `shape`.
Result<Tensor*> given_tensor_fill(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<double> values, node.numbers("values", {}));
  TRY_ASSIGN(std::vector<int64_t> shape, node.integers("shape", {}));
  TRY_ASSIGN(const std::vector<int64_t> more, node.integers("extra_shape", {}));
  if (node.input_count() > 0 && node.input(0)) return unsupported("its shape is an input; the attribute shape is supported");
  shape.insert(shape.end(), more.begin(), more.end());
  TRY_ASSIGN(const int64_t count, volume(shape));
  if (count != static_cast<int64_t>(values.size()))
    return invalid(fmt::format("there are {} values for the shape {}", values.size(), to_text(shape)));
  return network.add_constant(node.name(), Array::of(DataType::kFloat, shape, values));
}

// Inputs: x, starts, ends, optional axes: what Slice became in opset 10.
Result<std::vector<Tensor*>> dynamic_slice(const OnnxNode& node, Network& network) {
  return import_as("Slice", 10, node, network, inputs_of(node, 3));
}

}  // namespace

REGISTER_OPERATORS(experimental_onnx) {
  catalogue.add_onnx("Affine", one_output<with_factors<ScalarOp::kAffine, 0>>);
  catalogue.add_onnx("Scale", one_output<scale>);
  catalogue.add_onnx("ImageScaler", one_output<image_scaler>);
  catalogue.add_onnx("ParametricSoftplus", one_output<with_factors<ScalarOp::kSoftplus, 1>>);
  catalogue.add_onnx("ScaledTanh", one_output<with_factors<ScalarOp::kScaledTanh, 1>>);
  catalogue.add_onnx("Crop", one_output<crop>);
  catalogue.add_onnx("ConstantFill", one_output<constant_fill>);
  catalogue.add_onnx("GivenTensorFill", one_output<given_tensor_fill>);
  catalogue.add_onnx("DynamicSlice", dynamic_slice);
}

}  // namespace ingot
