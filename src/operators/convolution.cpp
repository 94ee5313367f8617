#include "operators/convolution.h"

#include <fmt/format.h>

#include "operators/dequantize.h"
#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "operators/unsqueeze.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_byte(DataType type) { return type == DataType::kInt8 || type == DataType::kUint8; }

// Sums of products for every output; T is exact for the operands.
template <class T>
std::vector<T> convolve(const Convolution& op, const Array& x, const Array& w, const Shape& y_shape, const Window::Pads& pads) {
  const size_t spatial = x.shape().size() - 2;
  const std::vector<T> xs = load_all<T>(x), ws = load_all<T>(w);
  const Shape x_strides = row_major_strides(x.shape()), w_strides = row_major_strides(w.shape());
  const int64_t channels = w.shape()[1], group_size = w.shape()[0] / op.groups;
  const Shape kernel(w.shape().begin() + 2, w.shape().end());

  std::vector<T> sums;
  for (IndexWalk at(y_shape); !at.done(); at.next()) {
    const Shape& y = at.index();
    const int64_t first_channel = y[1] / group_size * channels;
    T sum = 0;
    for (IndexWalk tap(kernel); !tap.done(); tap.next()) {
      int64_t x_at = y[0] * x_strides[0] + first_channel * x_strides[1], w_at = y[1] * w_strides[0];
      bool inside = true;
      for (size_t d = 0; d < spatial && inside; ++d) {
        const int64_t position = y[d + 2] * op.stride(d) + tap.index()[d] * op.dilation(d) - pads.begin[d];
        inside = position >= 0 && position < x.shape()[d + 2];
        x_at += position * x_strides[d + 2];
        w_at += tap.index()[d] * w_strides[d + 2];
      }
      if (!inside) continue;
      for (int64_t c = 0; c < channels; ++c) {
        sum += xs[static_cast<size_t>(x_at + c * x_strides[1])] * ws[static_cast<size_t>(w_at + c * w_strides[1])];
      }
    }
    sums.push_back(sum);
  }
  return sums;
}

}  // namespace

Result<TensorTypes> Convolution::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 2) return invalid("convolution needs an input and weights");
  const TensorType &x = inputs[0], &w = inputs[1];
  if (x.rank() < 3 || x.rank() > 5)
    return invalid("the input of a convolution is [N, C, 1 to 3 spatial dimensions], not " + to_text(x.dims));
  if (w.rank() != x.rank()) return invalid("the weights " + to_text(w.dims) + " do not have the rank of the input " + to_text(x.dims));
  if (x.type != w.type && !(is_byte(x.type) && is_byte(w.type))) {
    return invalid(fmt::format("input and weights are of one type, not {} and {}", name_of(x.type), name_of(w.type)));
  }
  if (groups <= 0) return invalid(fmt::format("there are {} groups; one or more are wanted", groups));
  if (x.dims[1].is_constant() && w.dims[1].is_constant() && x.dims[1] != w.dims[1] * Dim(groups)) {
    return invalid(fmt::format("the input has {} channels; the weights {} with {} groups take {}", x.dims[1].text(), to_text(w.dims),
                               groups, (w.dims[1] * Dim(groups)).text()));
  }
  if (w.dims[0].is_constant() && w.dims[0].value() % groups != 0) {
    return invalid(fmt::format("{} output channels cannot be split into {} groups", w.dims[0].text(), groups));
  }
  const Dims kernel_dims(w.dims.begin() + 2, w.dims.end()), spatial(x.dims.begin() + 2, x.dims.end());
  if (!all_constant(kernel_dims)) return invalid("the kernel's dimensions in " + to_text(w.dims) + " must be known");
  TRY(check_window(spatial.size()));
  TRY_ASSIGN(Dims counts, window_counts(spatial, constant_shape(kernel_dims), false));
  TensorType y;
  TRY_ASSIGN(y.type, output_type(x.type, w.dims[0]));
  y.dims = {x.dims[0], w.dims[0]};
  y.dims.insert(y.dims.end(), counts.begin(), counts.end());
  TRY(check_extra_inputs(inputs, w.dims[0], y.dims));
  return TensorTypes{std::move(y)};
}

Result<Arrays> Convolution::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes outputs, infer(types_of(inputs)));
  const Shape y_shape = constant_shape(outputs[0].dims);
  const Array &x = inputs[0], &w = inputs[1];
  const Pads pads = pads_for(Shape(x.shape().begin() + 2, x.shape().end()), Shape(w.shape().begin() + 2, w.shape().end()));
  int64_t spatial_count = 1;
  for (size_t d = 2; d < y_shape.size(); ++d) spatial_count *= y_shape[d];
  const auto finish = [&](const auto& sums) -> Result<Arrays> {
    TRY_ASSIGN(Array y, finish_all(sums, y_shape, y_shape[1], spatial_count, outputs[0].type, inputs));
    return Arrays{std::move(y)};
  };
  // Sums of 8- and 16-bit products are exact in double.
  if (is_integer(x.type()) && bits_of(x.type()) > 16) return finish(convolve<int64_t>(*this, x, w, y_shape, pads));
  return finish(convolve<double>(*this, x, w, y_shape, pads));
}

namespace {

// The fields that the three ONNX convolutions share.
Result<Convolution> fields_from_onnx(const OnnxNode& node, const Tensor* x, const Tensor* w) {
  if (x->type.rank() < 3 || w->type.rank() != x->type.rank()) {
    return invalid("input " + to_text(x->type.dims) + " and weights " + to_text(w->type.dims) +
                   " are no convolution: both are of one rank, 3 or more");
  }
  const Dims kernel(w->type.dims.begin() + 2, w->type.dims.end());
  if (!all_constant(kernel)) return unsupported("weights of unknown kernel size " + to_text(w->type.dims));
  TRY_ASSIGN(std::vector<int64_t> kernel_shape, node.integers("kernel_shape", {}));
  if (!kernel_shape.empty() && kernel_shape != constant_shape(kernel)) {
    return invalid("kernel_shape is " + to_text(kernel_shape) + ", but the weights are " + to_text(w->type.dims));
  }
  Convolution op;
  TRY_ASSIGN(static_cast<Window&>(op), window_from_onnx(node, Dims(x->type.dims.begin() + 2, x->type.dims.end()), constant_shape(kernel)));
  TRY_ASSIGN(op.groups, node.integer("group", 1));
  return op;
}

// x - zero_point in int32; a zero point with one value a slice of dimension 0 gets trailing ones.
Result<Tensor*> subtract_zero_point(Network& network, Tensor* x, Tensor* zero_point) {
  TRY_ASSIGN(Tensor * wide, network.add(Elementwise::cast(DataType::kInt32), {x}));
  if (!zero_point) return wide;
  TRY_ASSIGN(zero_point, network.add(Elementwise::cast(DataType::kInt32), {zero_point}));
  if (zero_point->type.rank() == 1 && !zero_point->type.dims[0].is(1)) {
    Unsqueeze unsqueeze;
    for (int64_t d = 1; d < x->type.rank(); ++d) unsqueeze.axes.push_back(d);
    TRY_ASSIGN(zero_point, network.add(unsqueeze, {zero_point}));
  }
  return network.add(Elementwise(ScalarOp::kSub), {wide, zero_point});
}

// Whether optional input `index` is left out or known to be all zeros.
bool is_zero(const OnnxNode& node, size_t index) {
  if (index >= node.input_count() || !node.input(index)) return true;
  if (!node.is_constant(index)) return false;
  const auto values = node.constant(index);
  if (!values.ok()) return false;
  for (int64_t i = 0; i < values->count(); ++i) {
    if (values->integer(i) != 0) return false;
  }
  return true;
}

Result<Tensor*> convolution_integer(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * w, required_input(node, 1));
  TRY_ASSIGN(Convolution op, fields_from_onnx(node, x, w));
  if (is_zero(node, 2) && is_zero(node, 3)) return network.add(op, {x, w});
  // The padding stands for the zero point, which is 0 after the subtraction.
  TRY_ASSIGN(x, subtract_zero_point(network, x, node.input_count() > 2 ? node.input(2) : nullptr));
  TRY_ASSIGN(w, subtract_zero_point(network, w, node.input_count() > 3 ? node.input(3) : nullptr));
  return network.add(op, {x, w});
}

// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias: dequantize, convolve, quantize.
Result<Tensor*> convolution_quantized(const OnnxNode& node, Network& network) {
  Tensor* in[9] = {};
  for (size_t i = 0; i < 8; ++i) {
    TRY_ASSIGN(in[i], required_input(node, i));
  }
  if (node.input_count() > 8) in[8] = node.input(8);
  Dequantize dequantize_x, dequantize_w;
  dequantize_w.axis = 0;
  TRY_ASSIGN(Tensor * x, network.add(dequantize_x, {in[0], in[1], in[2]}));
  TRY_ASSIGN(Tensor * w, network.add(dequantize_w, {in[3], in[4], in[5]}));
  TRY_ASSIGN(Convolution op, fields_from_onnx(node, x, w));
  std::vector<Tensor*> operands{x, w};
  if (in[8]) {
    Dequantize dequantize_bias;
    dequantize_bias.axis = 0;
    TRY_ASSIGN(Tensor * scale, network.add(Elementwise(ScalarOp::kMul), {in[1], in[4]}));
    TRY_ASSIGN(Tensor * bias, network.add(dequantize_bias, {in[8], scale}));
    operands.push_back(bias);
  }
  TRY_ASSIGN(Tensor * y, network.add(op, operands));
  Quantize quantize;
  quantize.to = in[7]->type.type;
  return network.add(quantize, {y, in[6], in[7]});
}

}  // namespace

Result<Tensor*> Convolution::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * w, required_input(node, 1));
  TRY_ASSIGN(Convolution op, fields_from_onnx(node, x, w));
  std::vector<Tensor*> inputs{x, w};
  if (node.input_count() > 2 && node.input(2)) inputs.push_back(node.input(2));
  return network.add(op, inputs);
}

OPERATOR(Convolution, convolution, {"Conv", one_output<Convolution::from_onnx>}, {"ConvInteger", one_output<convolution_integer>},
         {"QLinearConv", one_output<convolution_quantized>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("a kernel slides over an image with padding and bias") {
  expect_values(
      "input x [1, 1, 3, 3]\nweights w [1, 1, 2, 2] = 1 0 0 1\nweights b [1] = 10\ny = convolution(x, w, b) pads_begin=[1, 0] pads_end=[0, "
      "1]\noutput y\n",
      {{{1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}}}, {12, 13, 10, 16, 18, 13, 22, 24, 16});
}

EXAMPLE("each group has its own channels") {
  expect_values("input x [1, 2, 2]\nweights w [2, 1, 1] = 2 3\ny = convolution(x, w) groups=2\noutput y\n", {{{1, 2, 2}, {1, 2, 3, 4}}},
                {2, 4, 9, 12});
}

EXAMPLE("strides and dilations in one dimension") {
  expect_values("input x [1, 1, 7]\nweights w [1, 1, 2] = 1 10\ny = convolution(x, w) strides=[2] dilations=[3]\noutput y\n",
                {{{1, 1, 7}, {1, 2, 3, 4, 5, 6, 7}}}, {41, 63});
}

EXAMPLE("same padding keeps the length, the odd pad at the end or at the beginning") {
  expect_values(
      "input x [1, 1, 3]\nweights w [1, 1, 2] = 1 10\nu = convolution(x, w) auto_pad=same_upper\nl = convolution(x, w) "
      "auto_pad=same_lower\noutput u\noutput l\n",
      {{{1, 1, 3}, {1, 2, 3}}}, {21, 32, 3, 10, 21, 32});
}

EXAMPLE("symbolic lengths stay symbolic") {
  expect_types(
      "input x [n, 3, h, 8, 9]\nweights w [4, 3, 3, 3, 3] = seed 1\ny = convolution(x, w) strides=[2, 2, 2] pads_begin=[1, 1, 1] "
      "pads_end=[2, 1, 1]\noutput y\n",
      {"float [n, 4, floor(h / 2) + 1, 4, 5]"});
}

EXAMPLE("the epilogue sees the biased sum and the residual") {
  expect_values(
      "input x [1, 1, 2]\ninput r [1, 1, 2]\nweights w [1, 1, 1] = 2\nweights b [1] = -3\ny = convolution(x, w, b, r) "
      "epilogue=\"relu(add(x0, x1))\"\noutput y\n",
      {{{1, 1, 2}, {1, 2}}, {{1, 1, 2}, {0.5, 1}}}, {0, 2});
}

EXAMPLE("scaled 8-bit operands: the sum is exact and the output rounds half to even and saturates") {
  expect_values(
      "input x int8 [1, 1, 4]\nweights w int8 [2, 1, 1] = 1 100\ny = convolution(x, w) to=int8 input_scale=0.5 weight_scales=[1.0, 0.5] "
      "output_scale=1.0\noutput y\n",
      {{{1, 1, 4}, {1, 3, 5, -7}}}, {0, 2, 2, -4, 25, 75, 125, -128});
}

EXAMPLE("unscaled 8-bit operands give int32") {
  expect_values("input x uint8 [1, 1, 2]\nweights w int8 [1, 1, 1] = -128\ny = convolution(x, w)\noutput y\n", {{{1, 1, 2}, {255, 1}}},
                {-32640, -128});
}

EXAMPLE("channels that do not fit the weights are refused") {
  expect_error("input x [1, 3, 4]\nweights w [4, 2, 3] = seed 1\ny = convolution(x, w)\noutput y\n",
               "the input has 3 channels; the weights [4, 2, 3] with 1 groups take 2");
}

EXAMPLE("a kernel larger than the padded input is refused") {
  expect_error("input x [1, 1, 2]\nweights w [1, 1, 3] = 1 1 1\ny = convolution(x, w)\noutput y\n",
               "a window of 3 does not fit into a length of 2");
}

EXAMPLE("a stride of 0 is refused") {
  expect_error("input x [1, 1, 4]\nweights w [1, 1, 3] = 1 1 1\ny = convolution(x, w) strides=[0]\noutput y\n",
               "the stride is 0; strides are positive");
}

EXAMPLE("a bias of another length is refused") {
  expect_error("input x [1, 1, 4]\nweights w [2, 1, 3] = seed 1\nweights b [3] = 1 2 3\ny = convolution(x, w, b)\noutput y\n",
               "the bias has 3 values for 2 output channels");
}

EXAMPLE("an epilogue that needs a residual is refused without one") {
  expect_error("input x [1, 1, 4]\nweights w [2, 1, 3] = seed 1\ny = convolution(x, w) epilogue=\"add(x0, x1)\"\noutput y\n",
               "there is no residual");
}

}  // namespace ingot::testing
