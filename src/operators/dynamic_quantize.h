// codes = convert(x / scale), scale = convert(largest |x| of the block / largest code): quantization with scales that follow from the data.
// Source: IDynamicQuantizeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, optional second scale: one element by which the block scales are divided before they are converted (two-level scaling).
// Outputs: codes of x's dims, scales with each dim divided by that of the block, rounded up. An e8m0 scale rounds up to a power of two.
struct DynamicQuantize final : OperatorBase<DynamicQuantize> {
  static constexpr const char* kName = "dynamic_quantize";
  std::vector<int64_t> block;  // one extent a dimension; -1 takes all of it
  DataType to = DataType::kFp8;
  DataType scale_type = DataType::kFloat;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("block", block);
    visit("to", to);
    visit("scale_type", scale_type);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
