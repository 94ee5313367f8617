#include "operators/deconvolution.h"

#include <fmt/format.h>

#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Window::Pads Deconvolution::deconvolution_pads(const Shape& spatial, const Shape& kernel) const {
  Pads pads;
  for (size_t d = 0; d < spatial.size(); ++d) {
    if (output_shape.empty() && auto_pad == AutoPad::kNone) {
      pads.begin.push_back(pad_begin(d));
      pads.end.push_back(pad_end(d));
      continue;
    }
    const int64_t wanted = output_shape.empty() ? spatial[d] * stride(d) : output_shape[d];
    const int64_t extra = output_padding.empty() ? 0 : output_padding[d];
    const int64_t total = stride(d) * (spatial[d] - 1) + extra + (kernel[d] - 1) * dilation(d) + 1 - wanted;
    const int64_t half = total / 2;
    // An output that is wanted larger than all windows reach has its zeros at the end.
    pads.begin.push_back(total < 0 ? 0 : auto_pad == AutoPad::kSameUpper ? half : total - half);
    pads.end.push_back(total - pads.begin.back());
  }
  return pads;
}

Result<TensorTypes> Deconvolution::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 2) return invalid("deconvolution needs an input and weights");
  const TensorType &x = inputs[0], &w = inputs[1];
  if (x.rank() < 3 || x.rank() > 5)
    return invalid("the input of a deconvolution is [N, C, 1 to 3 spatial dimensions], not " + to_text(x.dims));
  if (w.rank() != x.rank()) return invalid("the weights " + to_text(w.dims) + " do not have the rank of the input " + to_text(x.dims));
  if (x.type != w.type) return invalid(fmt::format("input and weights are of one type, not {} and {}", name_of(x.type), name_of(w.type)));
  if (groups <= 0) return invalid(fmt::format("there are {} groups; one or more are wanted", groups));
  if (x.dims[1].is_constant() && w.dims[0].is_constant() && x.dims[1] != w.dims[0]) {
    return invalid(fmt::format("the input has {} channels; the weights {} take {}", x.dims[1].text(), to_text(w.dims), w.dims[0].text()));
  }
  if (w.dims[0].is_constant() && w.dims[0].value() % groups != 0) {
    return invalid(fmt::format("{} input channels cannot be split into {} groups", w.dims[0].text(), groups));
  }
  const Dims kernel_dims(w.dims.begin() + 2, w.dims.end()), spatial(x.dims.begin() + 2, x.dims.end());
  if (!all_constant(kernel_dims)) return invalid("the kernel's dimensions in " + to_text(w.dims) + " must be known");
  const Shape kernel = constant_shape(kernel_dims);
  TRY(check_window(spatial.size()));
  if (!output_padding.empty() && output_padding.size() != spatial.size()) {
    return invalid(fmt::format("there are {} output paddings for {} spatial dimensions", output_padding.size(), spatial.size()));
  }
  if (!output_shape.empty() && output_shape.size() != spatial.size()) {
    return invalid(fmt::format("output_shape has {} lengths for {} spatial dimensions", output_shape.size(), spatial.size()));
  }
  TensorType y;
  const Dim channels = w.dims[1] * Dim(groups);
  TRY_ASSIGN(y.type, output_type(x.type, channels));
  y.dims = {x.dims[0], channels};
  for (size_t d = 0; d < spatial.size(); ++d) {
    if (kernel[d] <= 0) return invalid(fmt::format("the kernel has length {}; lengths are positive", kernel[d]));
    Dim length;
    if (!output_shape.empty()) {
      length = Dim(output_shape[d]);
    } else if (auto_pad != AutoPad::kNone) {
      length = spatial[d] * Dim(stride(d));
    } else {
      const int64_t extra = output_padding.empty() ? 0 : output_padding[d];
      length = (spatial[d] - Dim(1)) * Dim(stride(d)) + Dim((kernel[d] - 1) * dilation(d) + 1 + extra - pad_begin(d) - pad_end(d));
    }
    if (length.is_constant() && length.value() < 0) {
      return invalid(fmt::format("the output would have length {} in spatial dimension {}: the pads {} and {} are too large",
                                 length.value(), d, pad_begin(d), pad_end(d)));
    }
    y.dims.push_back(std::move(length));
  }
  TRY(check_extra_inputs(inputs, channels, y.dims));
  return TensorTypes{std::move(y)};
}

Result<Arrays> Deconvolution::evaluate(const Arrays& inputs) const {
  TRY_ASSIGN(TensorTypes outputs, infer(types_of(inputs)));
  const Shape y_shape = constant_shape(outputs[0].dims);
  const Array &x = inputs[0], &w = inputs[1];
  const Shape kernel(w.shape().begin() + 2, w.shape().end());
  const size_t spatial = kernel.size();
  const Pads pads = deconvolution_pads(Shape(x.shape().begin() + 2, x.shape().end()), kernel);
  TRY_ASSIGN(const int64_t count, volume(y_shape));
  const std::vector<double> xs = load_all<double>(x), ws = load_all<double>(w);
  const Shape y_strides = row_major_strides(y_shape), w_strides = row_major_strides(w.shape());
  const int64_t group_channels = x.shape()[1] / groups, group_outputs = w.shape()[1];
  std::vector<double> sums(static_cast<size_t>(count), 0);
  size_t x_at = 0;
  for (IndexWalk at(x.shape()); !at.done(); at.next(), ++x_at) {
    const Shape& from = at.index();
    const int64_t first_output = from[1] / group_channels * group_outputs;
    for (IndexWalk tap(kernel); !tap.done(); tap.next()) {
      int64_t y_at = from[0] * y_strides[0] + first_output * y_strides[1], w_at = from[1] * w_strides[0];
      bool inside = true;
      for (size_t d = 0; d < spatial && inside; ++d) {
        const int64_t position = from[d + 2] * stride(d) + tap.index()[d] * dilation(d) - pads.begin[d];
        inside = position >= 0 && position < y_shape[d + 2];
        y_at += position * y_strides[d + 2];
        w_at += tap.index()[d] * w_strides[d + 2];
      }
      if (!inside) continue;
      for (int64_t m = 0; m < group_outputs; ++m) {
        sums[static_cast<size_t>(y_at + m * y_strides[1])] += xs[x_at] * ws[static_cast<size_t>(w_at + m * w_strides[1])];
      }
    }
  }
  int64_t spatial_count = 1;
  for (size_t d = 2; d < y_shape.size(); ++d) spatial_count *= y_shape[d];
  TRY_ASSIGN(Array y, finish_all(sums, y_shape, y_shape[1], spatial_count, outputs[0].type, inputs));
  return Arrays{std::move(y)};
}

Result<Tensor*> Deconvolution::from_onnx(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * w, required_input(node, 1));
  if (x->type.rank() < 3 || w->type.rank() != x->type.rank()) {
    return invalid("input " + to_text(x->type.dims) + " and weights " + to_text(w->type.dims) +
                   " are no deconvolution: both are of one rank, 3 or more");
  }
  const size_t spatial = static_cast<size_t>(x->type.rank() - 2);
  Deconvolution op;
  // Symbolic lengths keep auto_pad from being resolved as a convolution's.
  TRY_ASSIGN(static_cast<Window&>(op), window_from_onnx(node, Dims(spatial, Dim::symbol("length")), Shape(spatial, 1)));
  TRY_ASSIGN(op.groups, node.integer("group", 1));
  TRY_ASSIGN(op.output_padding, node.integers("output_padding", {}));
  TRY_ASSIGN(op.output_shape, node.integers("output_shape", {}));
  if (op.output_shape.size() == spatial + 2) op.output_shape.erase(op.output_shape.begin(), op.output_shape.begin() + 2);
  std::vector<Tensor*> inputs{x, w};
  if (node.input_count() > 2 && node.input(2)) inputs.push_back(node.input(2));
  return network.add(op, inputs);
}

OPERATOR(Deconvolution, deconvolution, {"ConvTranspose", one_output<Deconvolution::from_onnx>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("each input element spreads over the kernel") {
  expect_values("input x [1, 1, 2]\nweights w [1, 1, 3] = 1 10 100\ny = deconvolution(x, w) strides=[2]\noutput y\n", {{{1, 1, 2}, {1, 2}}},
                {1, 10, 102, 20, 200});
}

EXAMPLE("pads cut off, output padding adds at the end") {
  expect_values(
      "input x [1, 1, 2]\nweights w [1, 1, 3] = 1 10 100\ny = deconvolution(x, w) strides=[2] pads_begin=[1] pads_end=[1] "
      "output_padding=[1]\noutput y\n",
      {{{1, 1, 2}, {1, 2}}}, {10, 102, 20, 200});
}

EXAMPLE("an asked length takes its pads, the odd one from the beginning") {
  expect_values(
      "input x [1, 1, 2]\nweights w [1, 1, 3] = 1 10 100\ny = deconvolution(x, w) strides=[2] output_shape=[4]\nz = deconvolution(x, w) "
      "strides=[2] output_shape=[4] auto_pad=same_upper\noutput y\noutput z\n",
      {{{1, 1, 2}, {1, 2}}}, {10, 102, 20, 200, 1, 10, 102, 20});
}

EXAMPLE("an asked length that no window reaches ends in zeros") {
  expect_values("input x [1, 1, 1]\nweights w [1, 1, 2] = 1 10\ny = deconvolution(x, w) output_shape=[4]\noutput y\n", {{{1, 1, 1}, {1}}},
                {1, 10, 0, 0});
}

EXAMPLE("groups of channels stay apart, and bias goes by channel") {
  expect_values("input x [1, 2, 1]\nweights w [2, 1, 2] = 1 2 3 4\nweights b [2] = 10 20\ny = deconvolution(x, w, b) groups=2\noutput y\n",
                {{{1, 2, 1}, {1, 2}}}, {11, 12, 26, 28});
}

EXAMPLE("symbolic lengths grow by the stride") {
  expect_types(
      "input x [n, 2, h]\nweights w [2, 3, 4] = seed 1\ny = deconvolution(x, w) strides=[2] pads_begin=[1] pads_end=[1]\noutput y\n",
      {"float [n, 3, 2*h]"});
}

EXAMPLE("channels that do not fit the weights are refused by deconvolution") {
  expect_error("input x [1, 3, 4]\nweights w [2, 3, 4] = seed 1\ny = deconvolution(x, w)\noutput y\n",
               "the input has 3 channels; the weights [2, 3, 4] take 2");
}

}  // namespace ingot::testing
