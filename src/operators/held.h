// y = x, which no pass looks through: stands behind a number that a program may change later, while a network is optimized.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Held final : OperatorBase<Held> {
  static constexpr const char* kName = "held";

  template <class Visitor>
  void fields(Visitor) {}
  using OperatorBase::fields;
  bool is_pure() const override { return false; }
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
