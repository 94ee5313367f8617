// y[i] = start + i * delta, for as long as that is before limit: ceil((limit - start) / delta) elements.
// Source: ONNX Range-11; IFillLayer with kLINSPACE.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: start, limit, delta, scalars or [1] of one type.
struct Range final : OperatorBase<Range> {
  static constexpr const char* kName = "range";
  std::string symbol;  // of the dim where it is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t) const override { return true; }
  // How many elements lie between start and limit; an error where the delta is 0 or they are absurdly many.
  static Result<int64_t> count_between(double start, double limit, double delta);
  static Result<int64_t> count_between(int64_t start, int64_t limit, int64_t delta);
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
