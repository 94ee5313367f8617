// y = x repeated repeats[i] times along each axis i.
// Source: ONNX Tile-13.
#pragma once

#include "network/operator.h"

namespace ingot {

// Inputs: x, and the repeats as an integer tensor [rank] where `repeats` does not hold them.
struct Tile final : OperatorBase<Tile> {
  static constexpr const char* kName = "tile";
  std::vector<int64_t> repeats;  // unused where there is a second input
  std::string symbol;            // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("repeats", repeats);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 1; }
  static Result<Tensor*> from_onnx(const OnnxNode& node, Network& network);
};

}  // namespace ingot
