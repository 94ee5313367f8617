// y [N, frames, bins, 2] = the Fourier transforms of windowed parts of x: frame f is window * x[f * step, f * step + length).
// Source: ONNX STFT-17.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, time] or [N, time, 1] (real) or [N, time, 2] (real and imaginary part), the step as one integer, then the window [length]
// of x's type. The number of bins is the length, or length / 2 + 1 where onesided.
struct Stft final : OperatorBase<Stft> {
  static constexpr const char* kName = "stft";
  bool onesided = true;
  std::string symbol;  // names the number of frames where it is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("onesided", onesided);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
