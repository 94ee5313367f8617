// values, indices = the k largest or smallest elements of x along `axis`; of equal elements the one with the lower index comes first.
// Source: ONNX TopK-24; ITopKLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, and k as an integer scalar or [1] where `k` does not hold it. Outputs: values, indices (int64, or int32 as asked).
struct TopK final : OperatorBase<TopK> {
  static constexpr const char* kName = "topk";
  int64_t k = -1;  // -1 where it is an input
  int64_t axis = -1;
  bool largest = true;
  bool sorted = true;  // false leaves the order open
  DataType index_type = DataType::kInt64;
  std::string symbol;  // of the dim where k is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("k", k);
    visit("axis", axis);
    visit("largest", largest);
    visit("sorted", sorted);
    visit("index_type", index_type);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<std::vector<Tensor*>> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
