// grid[n, o..., :] = theta[n] * (position of o from -1 to 1, 1): the positions that an affine map reads.
// Source: ONNX AffineGrid-20.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: theta [N, 2, 3] or [N, 3, 4], size [N, C, H, W] or [N, C, D, H, W] as an integer tensor. Output: [N, H, W, 2] or [N, D, H, W, 3].
struct AffineGrid final : OperatorBase<AffineGrid> {
  static constexpr const char* kName = "affine_grid";
  bool align_corners = false;  // -1 and 1 are the centres of the outer elements, else their outer edges
  std::string symbol;          // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("align_corners", align_corners);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
