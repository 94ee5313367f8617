// Nothing, where every element of the condition is true; else the run fails with the message.
// Source: IAssertionLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: the condition, bools. There are no outputs.
struct Assertion final : OperatorBase<Assertion> {
  static constexpr const char* kName = "assertion";
  std::string message;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("message", message);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool is_pure() const override { return false; }
};

}  // namespace ingot
