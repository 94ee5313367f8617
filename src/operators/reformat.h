// y = x in another memory layout, and in another element type where `to` names one. Only the builder adds it, between layers whose tactics
// want different formats; the layouts stand beside the layer, not in it.
#pragma once

#include "network/operator.h"

namespace ingot {

struct Reformat final : OperatorBase<Reformat> {
  static constexpr const char* kName = "reformat";
  std::string to;    // the output's element type; empty for the input's own
  double scale = 1;  // the real value of one step of int8: y = x * scale from int8, y = round(x / scale) to int8

  template <class Visitor>
  void fields(Visitor visit) {
    visit("to", to);
    visit("scale", scale);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
