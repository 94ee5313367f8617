#include "operators/col2im.h"

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Col2Im::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &x = inputs[0], &image = inputs[1], &block = inputs[2];
  TRY(check_index_type("dims of the image", image.type));
  TRY(check_index_type("dims of a block", block.type));
  if (x.rank() != 3) return invalid("the input is " + x.text() + "; [N, C * block elements, blocks] is wanted");
  if (image.rank() != 1 || !image.dims[0].is_constant() || block.dims != image.dims) {
    return invalid("dims of the image are " + image.text() + ", of a block " + block.text() + "; one for each axis of the image is wanted");
  }
  const int64_t axes = image.dims[0].value();
  const auto fits = [&](const std::vector<int64_t>& list, int64_t each) {
    return list.empty() || static_cast<int64_t>(list.size()) == each * axes;
  };
  if (!fits(dilations, 1) || !fits(strides, 1) || !fits(pads, 2))
    return invalid("dilations, strides and pads must have 1, 1 and 2 numbers for each of " + std::to_string(axes) + " axes");
  for (const auto* list : {&dilations, &strides}) {
    for (int64_t number : *list) {
      if (number < 1 || number > INT32_MAX) return invalid("dilations and strides are positive, not " + std::to_string(number));
    }
  }
  for (int64_t pad : pads) {
    if (pad < -INT32_MAX || pad > INT32_MAX) return invalid("a pad of " + std::to_string(pad) + " is too large");
  }
  TensorType type{x.type, {x.dims[0]}};
  if (block.values) {
    type.dims.push_back(Dim::floor_divide(x.dims[1], volume(*block.values)));
  } else {
    TRY_ASSIGN(Dim channels, runtime_dim(kName, symbol, 0));
    type.dims.push_back(channels);
  }
  for (int64_t i = 0; i < axes; ++i) {
    Dim dim;
    if (image.values) {
      dim = (*image.values)[static_cast<size_t>(i)];
    } else {
      TRY_ASSIGN(dim, runtime_dim(kName, symbol, i + 1));
    }
    type.dims.push_back(dim);
  }
  return TensorTypes{type};
}

Result<Arrays> Col2Im::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const Shape image = inputs[1].integers(), block = inputs[2].integers();
  const size_t axes = image.size();
  TRY_ASSIGN(int64_t elements, volume(block));
  for (size_t i = 0; i < axes; ++i) {
    if (block[i] > INT32_MAX || image[i] > INT32_MAX)
      return invalid("blocks " + to_text(block) + " of an image " + to_text(image) + " are too large");
  }
  if (elements < 1 || x.shape()[1] % elements != 0)
    return invalid(std::to_string(x.shape()[1]) + " rows are no multiple of the elements of a block " + to_text(block));
  const int64_t channels = x.shape()[1] / elements, blocks = x.shape()[2];
  Shape counts;  // of blocks along each axis
  for (size_t i = 0; i < axes; ++i) {
    const int64_t dilation = dilations.empty() ? 1 : dilations[i], stride = strides.empty() ? 1 : strides[i];
    const int64_t padded = image[i] + (pads.empty() ? 0 : pads[i] + pads[axes + i]), reach = dilation * (block[i] - 1) + 1;
    counts.push_back(padded < reach ? 0 : (padded - reach) / stride + 1);
  }
  TRY_ASSIGN(int64_t total, volume(counts));
  if (total != blocks)
    return invalid("an image " + to_text(image) + " has " + std::to_string(total) + " blocks " + to_text(block) + ", but the input " +
                   to_text(x.shape()) + " has " + std::to_string(blocks));
  Shape shape{x.shape()[0], channels};
  shape.insert(shape.end(), image.begin(), image.end());
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  TRY_ASSIGN(int64_t plane, volume(image));
  std::vector<double> sums(static_cast<size_t>(y.count()), 0);
  const Shape steps = row_major_strides(image);
  for (int64_t outer = 0; outer < x.shape()[0] * channels; ++outer) {
    int64_t position = outer * elements * blocks;
    for (IndexWalk within(block); !within.done(); within.next()) {
      for (IndexWalk at(counts); !at.done(); at.next(), ++position) {
        int64_t offset = 0;
        bool inside = true;
        for (size_t i = 0; i < axes; ++i) {
          const int64_t dilation = dilations.empty() ? 1 : dilations[i], stride = strides.empty() ? 1 : strides[i];
          const int64_t index = at.index()[i] * stride + within.index()[i] * dilation - (pads.empty() ? 0 : pads[i]);
          inside = inside && index >= 0 && index < image[i];
          offset += index * steps[i];
        }
        if (inside) sums[static_cast<size_t>(outer * plane + offset)] += x.number(position);
      }
    }
  }
  for (int64_t i = 0; i < y.count(); ++i) y.set_number(i, sums[static_cast<size_t>(i)]);
  return Arrays{y};
}

Result<Tensor*> Col2Im::from_onnx(const OnnxNode& node, Network& network) {
  Col2Im op;
  TRY_ASSIGN(op.dilations, node.integers("dilations", {}));
  TRY_ASSIGN(op.pads, node.integers("pads", {}));
  TRY_ASSIGN(op.strides, node.integers("strides", {}));
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 3));
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(Col2Im, col2im, {"Col2Im", one_output<Col2Im::from_onnx>})

using namespace testing;

EXAMPLE("blocks add up where they overlap") {
  expect_values("input x [1, 2, 2]\nweights i int64 [1] = 3\nweights b int64 [1] = 2\ny = col2im(x, i, b)\noutput y\n",
                {{{1, 2, 2}, {1, 2, 3, 4}}}, {1, 5, 4});
  expect_types("input x [n, 12, 4]\nweights i int64 [2] = 3 3\nweights b int64 [2] = 2 2\ny = col2im(x, i, b)\noutput y\n",
               {"float [n, 3, 3, 3]"});
  expect_error("input x [1, 2]\nweights i int64 [1] = 3\nweights b int64 [1] = 2\ny = col2im(x, i, b)\noutput y\n",
               "[N, C * block elements, blocks] is wanted");
}

}  // namespace ingot
