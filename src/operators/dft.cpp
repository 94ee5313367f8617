#include "operators/dft.h"

#include <cmath>

#include "operators/moving.h"
#include "operators/onnx_input.h"
#include "operators/register.h"
#include "operators/runtime_dims.h"
#include "testing/example.h"

namespace ingot {

namespace {

// Without the division of the inverse.
void transform(std::vector<double>& real, std::vector<double>& imaginary, double sign) {
  const size_t n = real.size();
  if (n <= 1) return;
  const auto root = [&](size_t k) { return sign * 2 * M_PI * static_cast<double>(k % n) / static_cast<double>(n); };
  std::vector<double> re(n, 0), im(n, 0);
  if (n % 2 == 0) {
    std::vector<double> even_re, even_im, odd_re, odd_im;
    for (size_t i = 0; i < n; ++i) {
      (i % 2 ? odd_re : even_re).push_back(real[i]);
      (i % 2 ? odd_im : even_im).push_back(imaginary[i]);
    }
    transform(even_re, even_im, sign);
    transform(odd_re, odd_im, sign);
    for (size_t k = 0; k < n; ++k) {
      const size_t half = k % (n / 2);
      const double c = std::cos(root(k)), s = std::sin(root(k));
      re[k] = even_re[half] + c * odd_re[half] - s * odd_im[half];
      im[k] = even_im[half] + s * odd_re[half] + c * odd_im[half];
    }
  } else {
    for (size_t k = 0; k < n; ++k) {
      for (size_t i = 0; i < n; ++i) {
        const double c = std::cos(root(i * k)), s = std::sin(root(i * k));
        re[k] += c * real[i] - s * imaginary[i];
        im[k] += s * real[i] + c * imaginary[i];
      }
    }
  }
  real = std::move(re);
  imaginary = std::move(im);
}

}  // namespace

void fourier_transform(std::vector<double>& real, std::vector<double>& imaginary, bool inverse) {
  transform(real, imaginary, inverse ? 1 : -1);
  for (size_t i = 0; inverse && i < real.size(); ++i) {
    real[i] /= static_cast<double>(real.size());
    imaginary[i] /= static_cast<double>(imaginary.size());
  }
}

Result<TensorTypes> Dft::infer(const TensorTypes& inputs) const {
  TRY(check_input_count(kName, inputs.size(), 1, 3));
  const TensorType& x = inputs[0];
  if (x.rank() < 2 || !is_floating(x.type) || !(x.dims.back().is(1) || x.dims.back().is(2))) {
    return invalid("the input is " + x.text() + "; floating-point [..., 1] or [..., 2] is wanted");
  }
  if (onesided && x.dims.back().is(inverse ? 1 : 2)) {
    return invalid(inverse ? "the inverse of a half reads [..., 2], not " + x.text()
                           : "onesided is for real inputs [..., 1], not " + x.text());
  }
  for (size_t i = 1; i < inputs.size(); ++i) TRY(check_index_type(i == 1 ? "lengths" : "axes", inputs[i].type));
  TensorType type{x.type, x.dims};
  type.dims.back() = onesided && inverse ? 1 : 2;
  auto axes = inputs.size() > 2 ? constant_values(inputs[2]) : std::vector<int64_t>{axis};
  auto lengths = inputs.size() > 1 ? inputs[1].values : std::vector<Dim>{length};
  const bool keeps_length = lengths && lengths->size() == 1 && (*lengths)[0].is(-1);
  if (!axes || axes->size() != 1) {
    // Any axis may become another length; where it keeps its own, nothing is unknown.
    for (size_t i = 0; i + 1 < type.dims.size() && !(keeps_length && !onesided); ++i) {
      TRY_ASSIGN(type.dims[i], runtime_dim(kName, symbol, static_cast<int64_t>(i)));
    }
    return TensorTypes{type};
  }
  TRY_ASSIGN(int64_t along, normalize_axis((*axes)[0], x.rank()));
  if (along == x.rank() - 1) return invalid("the axis is the last one, of real and imaginary parts");
  Dim& dim = type.dims[static_cast<size_t>(along)];
  if (!keeps_length && lengths && lengths->size() == 1) {
    dim = (*lengths)[0];
    if (dim.is_constant() && dim.value() < 1) return invalid("the length is " + dim.text() + "; it is positive");
  } else if (!keeps_length) {
    TRY_ASSIGN(dim, runtime_dim(kName, symbol, 0));
    return TensorTypes{type};
  }
  if (onesided && !inverse) dim = Dim::floor_divide(dim, 2) + Dim(1);
  if (onesided && inverse && keeps_length) dim = (dim - Dim(1)) * Dim(2);
  return TensorTypes{type};
}

Result<Arrays> Dft::evaluate(const Arrays& inputs) const {
  const Array& x = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].count() != 1) return invalid("the length and the axis are one integer each, not " + to_text(inputs[i].shape()));
  }
  TRY_ASSIGN(int64_t along, normalize_axis(inputs.size() > 2 ? inputs[2].integer(0) : axis, x.rank()));
  if (along == x.rank() - 1) return invalid("the axis is the last one, of real and imaginary parts");
  const int64_t own = x.shape()[static_cast<size_t>(along)], parts = x.shape().back();
  const int64_t asked = inputs.size() > 1 ? inputs[1].integer(0) : length, n = asked != -1           ? asked
                                                                               : onesided && inverse ? 2 * (own - 1)
                                                                                                     : own;
  if (n < 1 || n > INT32_MAX) return invalid("the length is " + std::to_string(n) + "; it is positive");
  Shape shape = x.shape();
  shape.back() = onesided && inverse ? 1 : 2;
  shape[static_cast<size_t>(along)] = onesided && !inverse ? n / 2 + 1 : n;
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i + 1 < x.rank(); ++i) (i < along ? outer : inner) *= i == along ? 1 : x.shape()[static_cast<size_t>(i)];
  for (int64_t row = 0; row < outer; ++row) {
    for (int64_t column = 0; column < inner; ++column) {
      std::vector<double> real(static_cast<size_t>(n), 0), imaginary(static_cast<size_t>(n), 0);
      for (int64_t i = 0; i < std::min(n, own); ++i) {
        const int64_t from = ((row * own + i) * inner + column) * parts;
        real[static_cast<size_t>(i)] = x.number(from);
        if (parts == 2) imaginary[static_cast<size_t>(i)] = x.number(from + 1);
      }
      // The half that is not told mirrors the other one.
      for (int64_t i = n / 2 + 1; onesided && inverse && i < n; ++i) {
        real[static_cast<size_t>(i)] = real[static_cast<size_t>(n - i)];
        imaginary[static_cast<size_t>(i)] = -imaginary[static_cast<size_t>(n - i)];
      }
      fourier_transform(real, imaginary, inverse);
      const int64_t kept = shape[static_cast<size_t>(along)];
      for (int64_t k = 0; k < kept; ++k) {
        const int64_t to = ((row * kept + k) * inner + column) * shape.back();
        y.set_number(to, real[static_cast<size_t>(k)]);
        if (shape.back() == 2) y.set_number(to + 1, imaginary[static_cast<size_t>(k)]);
      }
    }
  }
  return Arrays{y};
}

Result<Tensor*> Dft::from_onnx(const OnnxNode& node, Network& network) {
  Dft op;
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  TRY_ASSIGN(op.axis, node.integer("axis", node.opset() < 20 ? 1 : -2));
  TRY_ASSIGN(int64_t inverse, node.integer("inverse", 0));
  TRY_ASSIGN(int64_t onesided, node.integer("onesided", 0));
  op.inverse = inverse != 0;
  op.onesided = onesided != 0;
  Tensor *length = node.input(1), *axis = node.input(2);
  const auto number_of = [](const Tensor* tensor) -> std::optional<int64_t> {
    auto numbers = tensor ? constant_values(tensor->type) : std::nullopt;
    return numbers && numbers->size() == 1 ? std::optional((*numbers)[0]) : std::nullopt;
  };
  if (auto number = number_of(length)) op.length = *number, length = nullptr;
  if (auto number = number_of(axis)) op.axis = *number, axis = nullptr;
  std::vector<Tensor*> inputs{x};
  if (length || axis) inputs.push_back(length ? length : network.add_constant("", Array::from_int64s({op.length})));
  if (axis) inputs.push_back(axis);
  TRY_ASSIGN(Layer * layer, add_runtime_sized(network, op.clone(), inputs, node.name()));
  return layer->output();
}

OPERATOR(Dft, dft, {"DFT", one_output<Dft::from_onnx>})

using namespace testing;

EXAMPLE("a transform and its inverse") {
  expect_values("input x [4, 1]\ny = dft(x)\noutput y\n", {{{4, 1}, {1, 2, 3, 4}}}, {10, 0, -2, 2, -2, 0, -2, -2});
  expect_values("input x [3, 1]\ny = dft(x)\nz = dft(y) inverse=true\noutput z\n", {{{3, 1}, {1, 2, 4}}}, {1, 0, 2, 0, 4, 0});
  expect_values("input x [1, 3, 1]\ny = dft(x) length=4 onesided=true\noutput y\n", {{{1, 3, 1}, {1, 2, 3}}}, {6, 0, -2, -2, 2, 0});
  expect_values("input x [4, 1]\ny = dft(x) onesided=true\nz = dft(y) onesided=true inverse=true\noutput z\n", {{{4, 1}, {1, 2, 4, 8}}},
                {1, 2, 4, 8});
  expect_types("input x [b, n, 1]\ny = dft(x) onesided=true\noutput y\n", {"float [b, floor(n / 2) + 1, 2]"});
  expect_error("input x [4, 2]\ny = dft(x) onesided=true\noutput y\n", "onesided is for real inputs [..., 1]");
}

}  // namespace ingot
