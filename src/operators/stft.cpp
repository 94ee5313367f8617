#include "operators/stft.h"

#include "operators/dft.h"
#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

Result<TensorTypes> Stft::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 3, 3));
  const TensorType &x = inputs[0], &step = inputs[1], &window = inputs[2];
  const bool real = x.rank() == 2 || (x.rank() == 3 && x.dims[2].is(1)), complex = x.rank() == 3 && x.dims[2].is(2);
  if (!is_floating(x.type) || !(real || complex))
    return invalid("the signal is " + x.text() + "; floating-point [N, time], [N, time, 1] or [N, time, 2] is wanted");
  if (onesided && complex) return invalid("onesided is for real signals, not " + x.text());
  if (window.rank() != 1 || window.type != x.type)
    return invalid("the window is " + window.text() + "; [length] of the type of the signal " + x.text() + " is wanted");
  TRY(check_index_type("steps", step.type));
  const Dim length = window.dims[0];
  Dim frames;
  if (step.values && step.values->size() == 1) {
    const Dim stride = (*step.values)[0];
    if (stride.is_constant() && stride.value() < 1) return invalid("the step is " + stride.text() + "; it is positive");
    frames = larger(Dim::floor_divide(x.dims[1] - length, stride) + Dim(1), 0);
  } else {
    TRY_ASSIGN(frames, runtime_dim(kName, symbol, 0));
  }
  return TensorTypes{{x.type, {x.dims[0], frames, onesided ? Dim::floor_divide(length, 2) + Dim(1) : length, 2}}};
}

Result<Arrays> Stft::evaluate(const Arrays& inputs) const {
  const Array &x = inputs[0], &window = inputs[2];
  if (inputs[1].count() != 1 || inputs[1].integer(0) < 1) return invalid("the step is one positive integer");
  const int64_t step = inputs[1].integer(0), length = window.count(), time = x.shape()[1], parts = x.rank() == 3 ? x.shape()[2] : 1;
  const int64_t frames = time < length ? 0 : (time - length) / step + 1, bins = onesided ? length / 2 + 1 : length;
  TRY_ASSIGN(Array y, Array::make(x.type(), {x.shape()[0], frames, bins, 2}));
  if (length == 0) return invalid("the window has no elements");
  for (int64_t frame = 0; frame < x.shape()[0] * frames; ++frame) {
    std::vector<double> real(static_cast<size_t>(length), 0), imaginary(static_cast<size_t>(length), 0);
    for (int64_t i = 0; i < length; ++i) {
      const int64_t from = (frame / frames * time + frame % frames * step + i) * parts;
      real[static_cast<size_t>(i)] = x.number(from) * window.number(i);
      if (parts == 2) imaginary[static_cast<size_t>(i)] = x.number(from + 1) * window.number(i);
    }
    fourier_transform(real, imaginary, false);
    for (int64_t k = 0; k < bins; ++k) {
      y.set_number((frame * bins + k) * 2, real[static_cast<size_t>(k)]);
      y.set_number((frame * bins + k) * 2 + 1, imaginary[static_cast<size_t>(k)]);
    }
  }
  return Arrays{y};
}

Result<Tensor*> Stft::from_onnx(const OnnxNode& node, Network& network) {
  Stft op;
  TRY_ASSIGN(std::vector<Tensor*> inputs, required_inputs(node, 2));
  TRY_ASSIGN(int64_t onesided, node.integer("onesided", 1));
  op.onesided = onesided != 0;
  Tensor* window = node.input(2);
  if (!window) {
    TRY_ASSIGN(Array length, constant_input(node, 3, "the frame length"));
    if (length.count() != 1 || length.integer(0) < 1 || length.integer(0) > INT32_MAX)
      return invalid("the frame length is one positive integer");
    const Shape shape{length.integer(0)};
    TRY_ASSIGN(Array ones, copy_strided(Array::scalar(inputs[0]->type.type, 1), shape, 0, {0}));
    window = network.add_constant("", ones);
  }
  inputs.push_back(window);
  TRY_ASSIGN(Layer * layer,
             add_runtime_sized(network, op.clone(), inputs, node.name(), {inputs[0]->type.rank() > 1 ? inputs[0]->type.dims[1] : Dim(0)}));
  return layer->output();
}

OPERATOR(Stft, stft, {"STFT", one_output<Stft::from_onnx>})

using namespace testing;

EXAMPLE("frames of a signal are transformed") {
  expect_values("input x [1, 4]\nweights s int64 [] = 2\nweights w [2] = 1 2\ny = stft(x, s, w)\noutput y\n", {{{1, 4}, {1, 2, 3, 4}}},
                {5, 0, -3, 0, 11, 0, -5, 0});
  expect_types("input x [n, 100, 1]\nweights s int64 [] = 10\ninput w [20]\ny = stft(x, s, w) onesided=false\noutput y\n",
               {"float [n, 9, 20, 2]"});
  expect_error("input x [n, 100, 1]\nweights s int64 [] = 0\ninput w [20]\ny = stft(x, s, w)\noutput y\n", "the step is 0; it is positive");
}

}  // namespace ingot
