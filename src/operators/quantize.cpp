#include "operators/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/elementwise.h"
#include "operators/epilogue.h"
#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/reduce.h"
#include "operators/register.h"
#include "operators/scalar_functions.h"
#include "testing/example.h"

namespace ingot {
namespace {

bool is_single(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](const Dim& dim) { return dim.is(1); });
}

// Least and largest number of an integer type of at most 32 bits.
std::pair<double, double> range_of_type(DataType type) {
  const int bits = bits_of(type) - (is_signed(type) ? 1 : 0);
  const double most = std::ldexp(1, bits);
  return {is_signed(type) ? -most : 0, most - 1};
}

}  // namespace

Status check_quantization_scale(const Dims& x, const Dims& scale, int64_t axis, int64_t block_size, const char* what) {
  if (is_single(scale) && (block_size == 0 || scale.size() != x.size())) return Ok{};
  auto along = normalize_axis(axis, static_cast<int64_t>(x.size()));
  if (!along.ok()) return std::move(along).error().within(fmt::format("a {} of dims {} for an input {}", what, to_text(scale), to_text(x)));
  const auto place = static_cast<size_t>(*along);
  const auto may_equal = [](const Dim& a, const Dim& b) { return a == b || !a.is_constant() || !b.is_constant(); };
  if (block_size == 0) {
    if (scale.size() == 1 && may_equal(scale[0], x[place])) return Ok{};
    return invalid(fmt::format("the {} has dims {}; for an input {} it is one number, or [{}] along axis {}", what, to_text(scale),
                               to_text(x), x[place].text(), axis));
  }
  if (block_size < 0) return invalid(fmt::format("the block size is {}; it is positive", block_size));
  Dims wanted = x;
  wanted[place] = Dim::ceil_divide(x[place], Dim(block_size));
  bool fits = scale.size() == wanted.size();
  for (size_t d = 0; fits && d < wanted.size(); ++d) fits = may_equal(scale[d], wanted[d]);
  if (fits) return Ok{};
  return invalid(fmt::format("the {} has dims {}; blocks of {} along axis {} of {} take {}", what, to_text(scale), block_size, axis,
                             to_text(x), to_text(wanted)));
}

int64_t quantization_scale_index(const Shape& x, const Shape& scale, int64_t axis, int64_t block_size, const Shape& index) {
  if (block_size == 0) {
    int64_t count = 1;
    for (int64_t dim : scale) count *= dim;
    return count == 1 ? 0 : index[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(x.size()) : axis)];
  }
  const auto place = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(x.size()) : axis);
  int64_t at = 0;
  if (scale.size() != x.size()) return 0;
  for (size_t d = 0; d < x.size(); ++d) at = at * scale[d] + (d == place ? index[d] / block_size : index[d]);
  return at;
}

Result<TensorTypes> Quantize::infer(const TensorTypes& inputs) const {
  if (inputs.size() < 2) return invalid("quantize needs an input and a scale");
  const TensorType& x = inputs[0];
  if (!is_floating(x.type) && x.type != DataType::kInt32)
    return invalid("quantize takes floating-point numbers, not " + std::string(name_of(x.type)));
  if (!is_floating(inputs[1].type) && inputs[1].type != DataType::kInt32) {
    return invalid("the scale is " + std::string(name_of(inputs[1].type)) + "; floating-point numbers are wanted");
  }
  if (bits_of(to) > 16 || to == DataType::kBool || to == DataType::kHalf || to == DataType::kBf16 || to == DataType::kE8m0) {
    return invalid("quantize gives integers of 4, 8 or 16 bits, fp8 or fp4, not " + std::string(name_of(to)));
  }
  TRY(check_quantization_scale(x.dims, inputs[1].dims, axis, block_size, "scale"));
  if (!is_absent(inputs, 2)) {
    if (inputs[2].type != to) return invalid(fmt::format("the zero point is {}, but the output {}", name_of(inputs[2].type), name_of(to)));
    TRY(check_quantization_scale(x.dims, inputs[2].dims, axis, block_size, "zero point"));
  }
  return TensorTypes{{to, x.dims}};
}

Result<Arrays> Quantize::evaluate(const Arrays& inputs) const {
  TRY(infer(types_of(inputs)));
  const Array &x = inputs[0], &scale = inputs[1];
  TRY_ASSIGN(Array y, Array::make(to, x.shape()));
  TRY_ASSIGN(Array quotient, Array::make(DataType::kFloat, {}));
  int64_t i = 0;
  for (IndexWalk walk(x.shape()); !walk.done(); walk.next(), ++i) {
    const double divisor = scale.number(quantization_scale_index(x.shape(), scale.shape(), axis, block_size, walk.index()));
    // The division is one of floats, as ONNX Runtime's: ties of the quotient depend on it.
    const double value = static_cast<float>(x.number(i)) / static_cast<float>(divisor);
    if (is_floating(to)) {
      quotient.set_number(0, value);
      cast_element(quotient, 0, y, i, CastRules(saturate ? 0 : 1, 0));
      continue;
    }
    double zero_point = 0;
    if (!is_absent(inputs, 2))
      zero_point = inputs[2].number(quantization_scale_index(x.shape(), inputs[2].shape(), axis, block_size, walk.index()));
    const auto [least, most] = range_of_type(to);
    const double rounded = std::isnan(value) ? 0 : std::nearbyint(value) + zero_point;
    y.set_number(i, std::clamp(rounded, least, most));
  }
  return Arrays{std::move(y)};
}

namespace {

Result<Tensor*> import_quantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(Tensor * scale, required_input(node, 1));
  Tensor* zero_point = node.input_count() > 2 ? node.input(2) : nullptr;
  Quantize op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(op.block_size, node.integer("block_size", 0));
  TRY_ASSIGN(op.saturate, node.integer("saturate", 1));
  TRY_ASSIGN(const int64_t type, node.integer("output_dtype", 0));
  op.to = DataType::kUint8;
  if (zero_point) {
    op.to = zero_point->type.type;
  } else if (type != 0) {
    TRY_ASSIGN(op.to, data_type_from_onnx(type));
  }
  std::vector<Tensor*> inputs{x, scale};
  if (zero_point && !is_floating(op.to)) inputs.push_back(zero_point);  // that of a floating-point type is 0
  return network.add(op, inputs);
}

// The range of x, widened to hold 0, is spread over 0 .. 255: three outputs y, scale, zero point.
Result<std::vector<Tensor*>> dynamic_quantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < x->type.rank(); ++axis) axes.push_back(axis);
  TRY_ASSIGN(Tensor * most, network.add(Reduce(ReduceKind::kMax, axes, false), {x}));
  TRY_ASSIGN(Tensor * least, network.add(Reduce(ReduceKind::kMin, axes, false), {x}));
  TRY_ASSIGN(most, network.add(Elementwise(ScalarOp::kRelu), {most}));
  TRY_ASSIGN(least, network.add(Elementwise(ScalarOp::kMin), {least, add_scalar(network, x, 0)}));
  TRY_ASSIGN(Tensor * range, network.add(Elementwise(ScalarOp::kSub), {most, least}));
  TRY_ASSIGN(Tensor * scale, network.add(Elementwise(ScalarOp::kDiv), {range, add_scalar(network, x, 255)}));
  TRY_ASSIGN(Tensor * start, network.add(Elementwise(ScalarOp::kDiv), {least, scale}));
  TRY_ASSIGN(start, network.add(Elementwise(ScalarOp::kNeg), {start}));
  TRY_ASSIGN(start, network.add(Elementwise(ScalarOp::kRound), {start}));
  TRY_ASSIGN(start, network.add(Elementwise(ScalarOp::kClip, 0, 255), {start}));
  TRY_ASSIGN(Tensor * zero_point, network.add(Elementwise::cast(DataType::kUint8), {start}));
  Quantize op;
  op.to = DataType::kUint8;
  TRY_ASSIGN(Tensor * y, network.add(op, {x, scale, zero_point}));
  return std::vector<Tensor*>{y, scale, zero_point};
}

}  // namespace

OPERATOR(Quantize, quantize, {"QuantizeLinear", one_output<import_quantize>}, {"DynamicQuantizeLinear", dynamic_quantize})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("halves round to even, and the ends saturate") {
  expect_values("input x [6]\nweights s [] = 2\ny = quantize(x, s)\noutput y\n", {{{6}, {1, 3, -1, -3, 1000, -1000}}},
                {0, 2, 0, -2, 127, -128});
}

EXAMPLE("a zero point moves the range") {
  expect_values("input x [3]\nweights s [] = 1\nweights z uint8 [] = 128\ny = quantize(x, s, z) to=uint8\noutput y\n",
                {{{3}, {-200, 1.5, 200}}}, {0, 130, 255});
}

EXAMPLE("one scale a slice of an axis") {
  expect_values("input x [2, 2]\nweights s [2] = 1 10\ny = quantize(x, s) axis=0\nz = quantize(x, s) axis=-1\noutput y\noutput z\n",
                {{{2, 2}, {10, 20, 30, 40}}}, {10, 20, 3, 4, 10, 2, 30, 4});
}

EXAMPLE("one scale a block, the last one short") {
  expect_values("input x [1, 3]\nweights s [1, 2] = 1 2\ny = quantize(x, s) axis=1 block_size=2\noutput y\n", {{{1, 3}, {2, 4, 6}}},
                {2, 4, 3});
}

EXAMPLE("4-bit integers and fp8") {
  expect_values("input x [3]\nweights s [] = 1\ny = quantize(x, s) to=int4\nz = quantize(x, s) to=fp8\noutput y\noutput z\n",
                {{{3}, {-9, 3.4, 500}}}, {-8, 3, 7, -9, 3.5, 448});
}

EXAMPLE("blocks of four bits and fp4") {
  expect_values(
      "input x [2, 3]\nweights s [2, 2] = 1 2 0.5 1\nweights z int4 [2, 2] = 0 1 -1 0\ny = quantize(x, s, z) to=int4 "
      "block_size=2\noutput y\n",
      {{{2, 3}, {2.5, -20, 3, 1, 100, -0.6}}}, {2, -8, 3, 1, 7, -1});
  expect_values("input x [1, 5]\nweights s [1, 3] = 1 2 0.5\ny = quantize(x, s) to=fp4 block_size=2\noutput y\n",
                {{{1, 5}, {0.25, -9, 5, 0.6, -1.25}}}, {0, -6, 2, 0.5, -2});
  expect_values("input x half [1, 4]\nweights s half [1, 2] = 1 2\ny = quantize(x, s) block_size=2\noutput y\n",
                {{{1, 4}, {1.5, -300, 5, 7}}}, {2, -128, 2, 4});
}

EXAMPLE("a scale of another length is refused by quantize") {
  expect_error("input x [2, 3]\nweights s [4] = 1 1 1 1\ny = quantize(x, s)\noutput y\n",
               "the scale has dims [4]; for an input [2, 3] it is one number, or [3] along axis 1");
}

EXAMPLE("a zero point of another type is refused") {
  expect_error("input x [2]\nweights s [] = 1\nweights z uint8 [] = 0\ny = quantize(x, s, z)\noutput y\n",
               "the zero point is uint8, but the output int8");
}

}  // namespace ingot::testing
