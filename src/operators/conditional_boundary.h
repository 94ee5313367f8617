// The border of a conditional that is written as layers of one flat network. Building turns it into an If operator with two branches;
// nothing runs a border.
// Source: IConditionLayer, IIfConditionalInputLayer, IIfConditionalOutputLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class ConditionalRole {
  kCondition,  // x is the condition; no output
  kInput,      // x enters a branch
  kOutput,     // the first input where the condition is true, else the second
};
inline EnumWords<ConditionalRole> words_of(ConditionalRole) {
  return {{ConditionalRole::kCondition, "condition"}, {ConditionalRole::kInput, "input"}, {ConditionalRole::kOutput, "output"}};
}

struct ConditionalBoundary final : OperatorBase<ConditionalBoundary> {
  static constexpr const char* kName = "conditional_boundary";
  ConditionalRole role = ConditionalRole::kInput;
  int64_t conditional = 0;  // borders of one conditional have one number
  std::string symbol;       // stem of the symbols of dims in which the branches differ; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("role", role);
    visit("conditional", conditional);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
};

}  // namespace ingot
