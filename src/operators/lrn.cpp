#include "operators/lrn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/onnx_input.h"
#include "operators/register.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Lrn::infer(const TensorTypes& inputs) const {
  if (inputs.size() != 1) return invalid("lrn has one input");
  if (!is_floating(inputs[0].type)) return invalid("lrn takes floating-point numbers, not " + std::string(name_of(inputs[0].type)));
  if (inputs[0].rank() < 2) return invalid("lrn takes [N, C, ...], not " + to_text(inputs[0].dims));
  if (size < 1) return invalid(fmt::format("the size is {}; one channel or more are wanted", size));
  return TensorTypes{{inputs[0].type, inputs[0].dims}};
}

Result<Arrays> Lrn::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  TRY_ASSIGN(Array y, Array::make(x.type(), x.shape()));
  const int64_t channels = x.shape()[1], step = row_major_strides(x.shape())[1];
  const int64_t before = (size - 1) / 2, behind = size - 1 - before;
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t channel = i / step % channels;
    double sum = 0;
    for (int64_t c = std::max<int64_t>(0, channel - before); c <= std::min(channels - 1, channel + behind); ++c) {
      const double value = x.number(i + (c - channel) * step);
      sum += value * value;
    }
    y.set_number(i, x.number(i) / std::pow(k + alpha / static_cast<double>(size) * sum, beta));
  }
  return Arrays{std::move(y)};
}

namespace {

Result<Tensor*> import_lrn(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  Lrn op;
  TRY_ASSIGN(op.size, node.integer("size", 0));
  TRY_ASSIGN(op.alpha, node.number("alpha", 1e-4));
  TRY_ASSIGN(op.beta, node.number("beta", 0.75));
  TRY_ASSIGN(op.k, node.number("bias", 1));
  return network.add(op, {x});
}

}  // namespace

OPERATOR(Lrn, lrn, {"LRN", one_output<import_lrn>})

}  // namespace ingot

namespace ingot::testing {

EXAMPLE("channels at the edges have fewer neighbours") {
  expect_values("input x [1, 3, 1]\ny = lrn(x) size=3 alpha=3.0 beta=1.0\noutput y\n", {{{1, 3, 1}, {1, 2, 3}}},
                {0.166667, 0.133333, 0.214286});
}

EXAMPLE("a size of no channels is refused") { expect_error("input x [1, 3, 1]\ny = lrn(x) size=0\noutput y\n", "the size is 0"); }

}  // namespace ingot::testing
