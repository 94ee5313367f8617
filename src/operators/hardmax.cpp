#include "operators/hardmax.h"

#include "operators/axis_walk.h"
#include "operators/flattened_axis.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Hardmax::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("hardmax has one input");
  if (!is_floating(inputs[0].type)) return invalid("hardmax takes floating-point numbers, not " + std::string(name_of(inputs[0].type)));
  TRY(normalize_axis(axis, inputs[0].rank()));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<Arrays> Hardmax::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(const int64_t along, normalize_axis(axis, x.rank()));
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  const AxisLines lines(x.shape(), along);
  lines.each([&](int64_t first, int64_t step) {
    int64_t best = 0;
    for (int64_t k = 1; k < lines.length; ++k) {
      if (x.number(first + k * step) > x.number(first + best * step)) best = k;
    }
    if (lines.length > 0) y.set_number(first + best * step, 1);
  });
  return Arrays{std::move(y)};
}

namespace {

Result<Tensor*> import_hardmax(const OnnxNode& node, Network& network) {
  return along_onnx_axis(node, network, [&](Tensor* x, int64_t axis) {
    Hardmax op;
    op.axis = axis;
    return network.add(op, {x});
  });
}

}  // namespace

OPERATOR(Hardmax, hardmax, {"Hardmax", one_output<import_hardmax>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("the first of equal maxima is 1") {
  expect_values("input x [2, 3]\ny = hardmax(x)\nz = hardmax(x) axis=0\noutput y\noutput z\n", {{{2, 3}, {1, 5, 5, 3, 0, 2}}},
                {0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0});
}

EXAMPLE("hardmax of integers is refused") {
  expect_error("input x int32 [2, 3]\ny = hardmax(x)\noutput y\n", "hardmax takes floating-point numbers, not int32");
}

}  // namespace ingot::testing
