#include "operators/dequantize.h"

#include <fmt/format.h>

#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Dequantize::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 2) return invalid("dequantize needs an input and a scale");
  const TensorType& x = inputs[0];
  if (x.type == DataType::kBool || (bits_of(x.type) > 16 && x.type != DataType::kInt32)) {
    return invalid("dequantize takes integers of 4, 8, 16 or 32 bits, fp8 or fp4, not " + std::string(name_of(x.type)));
  }
  if (!is_floating(inputs[1].type))
    return invalid("the scale is " + std::string(name_of(inputs[1].type)) + "; floating-point numbers are wanted");
  if (!is_floating(to) || bits_of(to) < 16) return invalid("dequantize gives floating-point numbers, not " + std::string(name_of(to)));
  TRY(check_quantization_scale(x.dims, inputs[1].dims, axis, block_size, "scale"));
  if (!is_absent(inputs, 2)) {
    if (inputs[2].type != x.type)
      return invalid(fmt::format("the zero point is {}, but the input {}", name_of(inputs[2].type), name_of(x.type)));
    TRY(check_quantization_scale(x.dims, inputs[2].dims, axis, block_size, "zero point"));
  }
  return TensorTypes{{to, x.dims}};
}

Result<Arrays> Dequantize::evaluate(const Arrays& inputs) const {
  TRY(infer(types_of(inputs)));
  const Array &x = inputs[0], &scale = inputs[1];
  TRY_ASSIGN(Array y, Array::make(to, x.shape()));
  int64_t i = 0;
  for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++i) {
    const double factor = scale.number(quantization_scale_index(x.shape(), scale.shape(), axis, block_size, walk.index()));
    double zero_point = 0;
    if (!is_absent(inputs, 2))
      zero_point = inputs[2].number(quantization_scale_index(x.shape(), inputs[2].shape(), axis, block_size, walk.index()));
    y.set_number(i, (x.number(i) - zero_point) * factor);
  }
  return Arrays{std::move(y)};
}

namespace {

Result<Tensor*> import_dequantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * scale, required_input(node, 1));
  Dequantize op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(op.block_size, node.integer("block_size", 0));
  TRY_ASSIGN(const int64_t type, node.integer("output_dtype", 0));
  op.to = scale->type.type;
  if (type != 0) {
    TRY_ASSIGN(op.to, data_type_from_onnx(type));
  }
  std::vector<Tensor*> inputs{x, scale};
  if (node.input_count() > 2 && node.input(2) && !is_floating(x->type.type)) inputs.push_back(node.input(2));
  return network.add(op, inputs);
}

}  // namespace

OPERATOR(Dequantize, dequantize, {"DequantizeLinear", one_output<import_dequantize>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("the zero point is taken off, then the scale applied") {
  expect_values("input x uint8 [3]\nweights s [] = 0.5\nweights z uint8 [] = 128\ny = dequantize(x, s, z)\noutput y\n",
                {{{3}, {0, 128, 255}}}, {-64, 0, 63.5});
}

EXAMPLE("one scale and zero point a slice") {
  expect_values("input x int8 [2, 2]\nweights s [2] = 1 10\nweights z int8 [2] = 0 1\ny = dequantize(x, s, z) axis=0\noutput y\n",
                {{{2, 2}, {1, 2, 3, 4}}}, {1, 2, 20, 30});
}

EXAMPLE("blocks of a row") {
  expect_values("input x int8 [1, 4]\nweights s [1, 2] = 1 2\ny = dequantize(x, s) block_size=2 to=half\noutput y\n",
                {{{1, 4}, {1, 2, 3, 4}}}, {1, 2, 6, 8});
}

EXAMPLE("blocks of four bits, along either axis") {
  expect_values(
      "input x int4 [3, 3]\nweights s [2, 3] = 1 2 4 0.5 3 1\nweights z int4 [2, 3] = 0 1 -8 2 0 0\ny = dequantize(x, s, z) axis=0 "
      "block_size=2\noutput y\n",
      {{{3, 3}, {-8, 7, 1, 2, -3, 4, 5, 6, -7}}}, {-8, 12, 36, 2, -8, 48, 1.5, 18, -7});
  expect_values("input x uint4 [3]\nweights s [] = 0.5\ny = dequantize(x, s)\noutput y\n", {{{3}, {0, 9, 15}}}, {0, 4.5, 7.5});
  expect_values("input x fp4 [1, 5]\nweights s e8m0 [1, 3] = 1 4 0.25\ny = dequantize(x, s) block_size=2 to=half\noutput y\n",
                {{{1, 5}, {-6, 0.5, 1.5, -3, 4}}}, {-6, 0.5, 6, -12, 1});
}

EXAMPLE("int64 is not dequantized") { expect_error("input x int64 [2]\nweights s [] = 1\ny = dequantize(x, s)\noutput y\n", "not int64"); }

}  // namespace ingot::testing
