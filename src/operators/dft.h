// y = the discrete Fourier transform of x along one axis: y[k] = sum over i of x[i] * exp(-2 pi j i k / n), or its inverse (+, and over n).
// Source: ONNX DFT-20, DFT-17.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [..., 1] (real) or [..., 2] (real and imaginary part); then n, and the axis, as one integer each, where they are tensors; an n
// of -1 stands for the length of x. Output: [..., 2], or [..., 1] where it is real.
struct Dft final : OperatorBase<Dft> {
  static constexpr const char* kName = "dft";
  int64_t axis = -2;
  int64_t length = -1;  // n; x is cut, or continued by zeros. -1: the length of x, or 2 * (length - 1) where x is half of a transform
  bool inverse = false;
  bool onesided = false;  // the transform of a real x is told by its first n / 2 + 1 elements; the inverse reads those and gives a real y
  std::string symbol;     // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("length", length);
    visit("inverse", inverse);
    visit("onesided", onesided);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input >= 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

// The transform of `values`, in place: by halves where the length is even, else term by term.
void fourier_transform(std::vector<double>& real, std::vector<double>& imaginary, bool inverse);

}  // namespace ingot
