#include "operators/softmax.h"

#include <cmath>

#include "operators/axis_walk.h"
#include "operators/flattened_axis.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Softmax::infer(const TensorTypes& given) const {
  TRY_ASSIGN(const TensorTypes inputs, real_inputs(given));
  if (inputs.size() != 1) return invalid("softmax has one input");
  if (!is_floating(inputs[0].type)) return invalid("softmax takes floating-point numbers, not " + std::string(name_of(inputs[0].type)));
  auto normalized = normalize_axis(axis, inputs[0].rank());
  if (!normalized.ok()) return std::move(normalized).error().within("softmax of " + to_text(inputs[0].dims));
  return scaled_output({inputs[0].type, inputs[0].dims});
}

Result<Arrays> Softmax::evaluate(const Arrays& given) const {
  TRY_ASSIGN(const Arrays inputs, real_inputs(given));
  const Array& x = inputs[0];
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, x.rank()));
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  const AxisLines lines(x.shape(), along);
  lines.each([&](int64_t first, int64_t step) {
    double largest = -INFINITY, sum = 0;
    for (int64_t k = 0; k < lines.length; ++k) largest = std::max(largest, x.number(first + k * step));
    for (int64_t k = 0; k < lines.length; ++k) sum += std::exp(x.number(first + k * step) - largest);
    for (int64_t k = 0; k < lines.length; ++k) {
      const double shifted = x.number(first + k * step) - largest;
      y.set_number(first + k * step, log ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
  });
  return scaled_output(std::move(y));
}

namespace {

template <bool kLog>
Result<Tensor*> import_softmax(const OnnxNode& node, Network& network) {
  return along_onnx_axis(node, network, [&](Tensor* x, int64_t axis) { return network.add(Softmax(axis, kLog), {x}); });
}

}  // namespace

OPERATOR(Softmax, softmax, {"Softmax", one_output<import_softmax<false>>}, {"LogSoftmax", one_output<import_softmax<true>>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("softmax of equal values is uniform") {
  expect_values("input x [1, 4]\ny = softmax(x)\noutput y\n", {{{1, 4}, {3, 3, 3, 3}}}, {0.25, 0.25, 0.25, 0.25});
}

EXAMPLE("softmax along a middle axis") {
  expect_values("input x [1, 2, 2]\ny = softmax(x) axis=1\noutput y\n", {{{1, 2, 2}, {0, 1, 0, 0}}}, {0.5, 0.731059, 0.5, 0.268941});
}

EXAMPLE("large values do not overflow") {
  expect_values("input x [2]\ny = softmax(x)\nz = softmax(x) log=true\noutput y\noutput z\n", {{{2}, {1000, 1001}}},
                {0.268941, 0.731059, -1.313262, -0.313262});
}

EXAMPLE("a value of minus infinity has no share") {
  expect_values("input x [3]\ny = softmax(x)\noutput y\n", {{{3}, {0, -INFINITY, 0}}}, {0.5, 0, 0.5});
}

EXAMPLE("an axis outside the rank is refused") { expect_error("input x [2, 3]\ny = softmax(x) axis=2\noutput y\n", "softmax of [2, 3]"); }

EXAMPLE("8 bits come in and go out by their scales") {
  expect_values("input x int8 [1, 2]\ny = softmax(x) input_scale=0.5 output_scale=0.01\noutput y\n", {{{1, 2}, {4, 2}}}, {73, 27});
  expect_types("input x int8 [n, 2]\ny = softmax(x) input_scale=0.5\noutput y\n", {"float [n, 2]"});
}

EXAMPLE("an input scale is for int8") {
  expect_error("input x [2]\ny = softmax(x) input_scale=0.5\noutput y\n", "input_scale is for an input of int8, not float");
}

}  // namespace ingot::testing
