// y [rank, n] = the indices of the n elements of x that are not 0, in row-major order.
// Source: ONNX NonZero-13; INonZeroLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct NonZero final : OperatorBase<NonZero> {
  static constexpr const char* kName = "nonzero";
  std::string symbol;  // names n, which is known only at run time; see runtime_dims.h
  DataType index_type = DataType::kInt64;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("symbol", symbol);
    visit("index_type", index_type);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
