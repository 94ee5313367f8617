#include "operators/deformable_convolution.h"

#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

// The plane of `rows` * `columns` elements from `offset` on, read at (y, x).
double read(const Array& from, int64_t offset, int64_t rows, int64_t columns, double y, double x) {
  if (!(y > -1 && x > -1 && y < static_cast<double>(rows) && x < static_cast<double>(columns))) return 0;
  const double top = std::floor(y), left = std::floor(x);
  double sum = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const int64_t row = static_cast<int64_t>(top) + corner / 2, column = static_cast<int64_t>(left) + corner % 2;
    if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
    const double down = corner / 2 ? y - top : 1 - (y - top), right = corner % 2 ? x - left : 1 - (x - left);
    sum += down * right * from.number(offset + row * columns + column);
  }
  return sum;
}

}  // namespace

Result<TensorTypes> DeformableConvolution::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 5));
  const TensorType &x = inputs[0], &w = inputs[1], &offsets = inputs[2];
  if (x.rank() != 4 || w.rank() != 4 || offsets.rank() != 4 || !all_constant(w.dims)) {
    return invalid("the input is " + x.text() + ", the weights are " + w.text() + ", the offsets " + offsets.text() +
                   "; tensors of rank 4 are wanted, and weights of known dims");
  }
  if (strides.size() != 2 || dilations.size() != 2 || pads.size() != 4)
    return invalid("strides, dilations and pads have 2, 2 and 4 numbers");
  for (int64_t number : {strides[0], strides[1], dilations[0], dilations[1], groups, offset_groups}) {
    if (number < 1 || number > INT32_MAX) return invalid("strides, dilations and groups are positive, not " + std::to_string(number));
  }
  const Shape kernel = constant_shape(w.dims);
  if (kernel[0] % groups != 0)
    return invalid(std::to_string(kernel[0]) + " output channels are no multiple of " + std::to_string(groups) + " groups");
  TRY(same_dim(x.dims[1], kernel[1] * groups, "channels of the input and of the weights"));
  TRY(same_dim(offsets.dims[1], 2 * offset_groups * kernel[2] * kernel[3], "channels of the offsets and numbers of offsets"));
  if (inputs.size() > 3 && (inputs[3].rank() != 1 || inputs[3].type != x.type))
    return invalid("the bias is " + inputs[3].text() + "; one for each output channel is wanted");
  if (inputs.size() > 4) {
    if (inputs[4].rank() != 4) return invalid("the mask is " + inputs[4].text() + "; rank 4 is wanted");
    TRY(same_dim(inputs[4].dims[1], offset_groups * kernel[2] * kernel[3], "channels of the mask and of the kernel"));
  }
  TensorType type{x.type, {x.dims[0], kernel[0]}};
  for (size_t i = 0; i < 2; ++i) {
    const Dim reach = Dim(dilations[i]) * Dim(kernel[i + 2] - 1) + Dim(1);
    const Dim size = larger(Dim::floor_divide(x.dims[i + 2] + Dim(pads[i]) + Dim(pads[i + 2]) - reach, strides[i]) + Dim(1), 0);
    TRY(same_dim(size, offsets.dims[i + 2], "the output and the offsets"));
    type.dims.push_back(size);
  }
  return TensorTypes{type};
}

Result<Arrays> DeformableConvolution::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &w = inputs[1], &offsets = inputs[2];
  TensorTypes types;
  for (const Array& input : inputs) types.push_back({input.type(), to_dims(input.shape())});
  TRY_ASSIGN(TensorTypes outputs, infer(types));
  TRY_ASSIGN(Array y, Array::make(x.type(), constant_shape(outputs[0].dims)));
  const Array *bias = inputs.size() > 3 ? &inputs[3] : nullptr, *mask = inputs.size() > 4 ? &inputs[4] : nullptr;
  const int64_t batches = y.shape()[0], outs = y.shape()[1], rows = y.shape()[2], columns = y.shape()[3], plane = rows * columns;
  const int64_t channels = x.shape()[1], high = w.shape()[2], wide = w.shape()[3], taps = high * wide, per_group = w.shape()[1];
  if ((bias && bias->count() != outs) || (mask && mask->count() != batches * offset_groups * taps * plane) ||
      offsets.count() != 2 * batches * offset_groups * taps * plane || channels % offset_groups != 0) {
    return invalid("bias, mask or offsets do not go with an output " + to_text(y.shape()));
  }
  int64_t position = 0;
  for (IndexWalk walk(y.shape()); !walk.done(); walk.next(), ++position) {
    const int64_t n = walk.index()[0], m = walk.index()[1], row = walk.index()[2], column = walk.index()[3];
    double sum = bias ? bias->number(m) : 0;
    for (int64_t k = 0; k < per_group; ++k) {
      const int64_t channel = m / (outs / groups) * per_group + k, group = channel / (channels / offset_groups);
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t place = (n * offset_groups + group) * taps + tap, at = row * columns + column;
        const double down = offsets.number(2 * place * plane + at), right = offsets.number((2 * place + 1) * plane + at);
        const double top = static_cast<double>(row * strides[0] - pads[0] + tap / wide * dilations[0]) + down;
        const double left = static_cast<double>(column * strides[1] - pads[1] + tap % wide * dilations[1]) + right;
        const double scale = w.number((m * per_group + k) * taps + tap) * (mask ? mask->number(place * plane + at) : 1);
        sum += scale * read(x, (n * channels + channel) * x.shape()[2] * x.shape()[3], x.shape()[2], x.shape()[3], top, left);
      }
    }
    y.set_number(position, sum);
  }
  return Arrays{y};
}

Result<Tensor*> DeformableConvolution::from_onnx(const OnnxNode& node, Network& network) {
  DeformableConvolution op;
  TRY_ASSIGN(op.strides, node.integers("strides", {1, 1}));
  TRY_ASSIGN(op.dilations, node.integers("dilations", {1, 1}));
  TRY_ASSIGN(op.pads, node.integers("pads", {0, 0, 0, 0}));
  TRY_ASSIGN(op.groups, node.integer("group", 1));
  TRY_ASSIGN(op.offset_groups, node.integer("offset_group", 1));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  if (node.input(3) || node.input(4)) {
    Tensor* bias = node.input(3);
    if (!bias) {
      const Dim outs = inputs[1]->type.rank() > 0 ? inputs[1]->type.dims[0] : Dim(0);
      TRY_ASSIGN(Array zeros, Array::make(inputs[0]->type.type, {outs.constant().value_or(0)}));
      bias = network.add_constant("", zeros);
    }
    inputs.push_back(bias);
  }
  if (node.input(4)) inputs.push_back(node.input(4));
  return network.add(op, inputs, node.name());
}

OPERATOR(DeformableConvolution, deformable_convolution, {"DeformConv", one_output<DeformableConvolution::from_onnx>})

using namespace testing;

EXAMPLE("a convolution reads where the offsets say") {
  const std::vector<Values> inputs = {{{1, 1, 1, 3}, {1, 2, 3}}, {{1, 1, 1, 1}, {2}}, {{1, 2, 1, 3}, {0, 0, 0, 0, 0.5, 1}}};
  expect_values("input x [1, 1, 1, 3]\ninput w [1, 1, 1, 1]\ninput o [1, 2, 1, 3]\ny = deformable_convolution(x, w, o)\noutput y\n", inputs,
                {2, 5, 0});
  expect_values(
      "input x [1, 1, 1, 3]\ninput w [1, 1, 1, 1]\ninput o [1, 2, 1, 3]\nweights b [1] = 1\nweights m [1, 1, 1, 3] = 1 0.5 1\n"
      "y = deformable_convolution(x, w, o, b, m)\noutput y\n",
      inputs, {3, 3.5, 1});
}

EXAMPLE("offsets are as many as the kernel's elements") {
  expect_error("input x [1, 1, 1, 3]\ninput w [1, 1, 1, 1]\ninput o [1, 1, 1, 3]\ny = deformable_convolution(x, w, o)\noutput y\n",
               "channels of the offsets and numbers of offsets: 1 and 2 differ");
}

}  // namespace ingot
