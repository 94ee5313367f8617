// y = 0, but y at the place indices[i] of its elements = x[i]: the inverse of a max pool that told its places.
// Source: ONNX MaxUnpool-22.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x [N, C, spatial...], indices (int64) of x's dims, into all elements of y as it is without `dims`, and then the dims of y, as
// an int64 tensor: y then has zeros behind.
struct MaxUnpool final : OperatorBase<MaxUnpool> {
  static constexpr const char* kName = "max_unpool";
  std::vector<int64_t> kernel;   // by spatial axis
  std::vector<int64_t> pads;     // [befores..., afters...]; empty stands for 0s
  std::vector<int64_t> strides;  // empty stands for 1s
  std::string symbol;            // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kernel", kernel);
    visit("pads", pads);
    visit("strides", strides);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 2; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);

 private:
  Result<Dims> pooled_from(const Dims& x) const;
};

}  // namespace ingot
