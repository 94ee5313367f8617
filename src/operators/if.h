// y... = the outputs of `then_branch` where the condition is true, else those of `else_branch`.
// Source: ONNX If-21; IIfConditional.
#pragma once

#include "network/network.h"

namespace ingot {

// Inputs: the condition (one bool), then those of then_branch, then those of else_branch. Outputs of both branches agree in type and rank;
// dims that differ get symbols.
struct If final : OperatorBase<If> {
  static constexpr const char* kName = "if";
  std::shared_ptr<Network> then_branch, else_branch;
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("then_branch", then_branch);
    visit("else_branch", else_branch);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  std::vector<std::shared_ptr<Network>> subnetworks() const override { return {then_branch, else_branch}; }
  bool reads_values_of(size_t input) const override { return input == 0; }
  static Result<std::vector<Tensor*>> from_onnx(const OnnxNode& node, Network& network);

 private:
  struct Joined {
    TensorTypes types;
    std::vector<std::optional<Dim>> most;  // bounds of the symbols, in order
  };
  Result<Joined> join(const TensorTypes& inputs) const;
};

}  // namespace ingot
