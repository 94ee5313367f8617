// y[i] = x[0] + ... + x[i] along one axis (or the product); exclusive: without x[i]; reverse: from the end.
// Source: ONNX CumSum, CumProd; ICumulativeLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class CumulativeKind { kSum, kProduct };
inline EnumWords<CumulativeKind> words_of(CumulativeKind) { return {{CumulativeKind::kSum, "sum"}, {CumulativeKind::kProduct, "product"}}; }

struct Cumulative final : OperatorBase<Cumulative> {
  static constexpr const char* kName = "cumulative";
  CumulativeKind kind = CumulativeKind::kSum;
  int64_t axis = 0;
  bool exclusive = false, reverse = false;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("axis", axis);
    visit("exclusive", exclusive);
    visit("reverse", reverse);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
