// y = saturate(round_half_even(x / scale) + zero_point), in a type of few bits; floating-point types round by themselves and have no zero
// point. Source: ONNX QuantizeLinear; IQuantizeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs x, scale, optional zero_point (null where left out: 0). The scale has one element (for all of x), the length of x along `axis`
// (one a slice), or, with block_size, x's dims with the one of `axis` divided by block_size, rounded up.
struct Quantize final : OperatorBase<Quantize> {
  static constexpr const char* kName = "quantize";
  int64_t axis = 1;
  int64_t block_size = 0;
  DataType to = DataType::kInt8;
  bool saturate = true;  // of fp8: out-of-range values become the largest one; otherwise infinity or NaN

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("block_size", block_size);
    visit("to", to);
    visit("saturate", saturate);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

// The element of a scale (or zero point) that serves the element of x at `index`.
int64_t quantization_scale_index(const Shape& x, const Shape& scale, int64_t axis, int64_t block_size, const Shape& index);
// Checks a scale's (or zero point's) dims against x's for an axis and block size; the error names what would fit.
Status check_quantization_scale(const Dims& x, const Dims& scale, int64_t axis, int64_t block_size, const char* what);

}  // namespace ingot
