// y = (x - zero_point) * scale. Source: ONNX DequantizeLinear; IDequantizeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs x, scale, optional zero_point (null where left out: 0); shapes of scale and zero_point as for Quantize.
struct Dequantize final : OperatorBase<Dequantize> {
  static constexpr const char* kName = "dequantize";
  int64_t axis = 1;
  int64_t block_size = 0;
  DataType to = DataType::kFloat;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("axis", axis);
    visit("block_size", block_size);
    visit("to", to);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
