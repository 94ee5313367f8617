// Runs `body` for i = 0, 1, ... as long as i is below the trip count and the condition is true:
//   condition, carried..., scanned... = body(i, condition, carried..., captured...)
// Outputs: the last carried values, then what was scanned, stacked along a new first axis.
// Source: ONNX Loop-21; ILoop.
#pragma once

#include "network/network.h"

namespace ingot {

// Inputs: the trip count (one int64), the condition (one bool), the carried values at the start, what the body captures.
struct Loop final : OperatorBase<Loop> {
  static constexpr const char* kName = "loop";
  std::shared_ptr<Network> body;
  int64_t carried = 0;  // the number of carried values
  std::string symbol;   // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("body", body);
    visit("carried", carried);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  std::vector<std::shared_ptr<Network>> subnetworks() const override { return {body}; }
  bool reads_values_of(size_t input) const override { return input < 2; }
  static Result<std::vector<Tensor*>> from_onnx(const OnnxNode& node, Network& network);

 private:
  struct Types {
    TensorTypes body_inputs, outputs;
    std::vector<std::pair<Dim, std::optional<Dim>>> symbols;  // of the outputs, with their bounds
  };
  Result<Types> types(const TensorTypes& inputs) const;
};

}  // namespace ingot
