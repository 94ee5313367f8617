// y = x / (k + alpha / size * sum of x*x over the `size` channels around)^beta; channels outside count as 0.
// Source: ONNX LRN; ILRNLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Lrn final : OperatorBase<Lrn> {
  static constexpr const char* kName = "lrn";
  int64_t size = 5;
  double alpha = 1e-4, beta = 0.75, k = 1;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("size", size);
    visit("alpha", alpha);
    visit("beta", beta);
    visit("k", k);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
