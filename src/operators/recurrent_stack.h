// Recurrent layers one above the other: the hidden states of one are the input of the next.
// Source: IRNNv2Layer.
#pragma once

#include "operators/recurrent.h"

namespace ingot {

// Inputs: x [B, T, I], optional lengths int32 [B], hidden states at first [B, L*D, H], cell states at first (lstm) [B, L*D, H], then for
// each of L layers w [D, G*H, I or D*H], r [D, G*H, H], b [D, 2*G*H], as the core's recurrent takes them; D is 2 with two directions, else
// 1. The weights may come later, so types are inferred without them, but nothing runs.
// Outputs: [B, T, D*H], the last hidden states [B, L*D, H] and, of lstm, the last cell states.
// With steps_first x is [A, T, B, I], the states [A, L*D, B, H] and the outputs alike: A groups of B sequences, step by step.
struct RecurrentStack final : OperatorBase<RecurrentStack> {
  static constexpr const char* kName = "recurrent_stack";
  RecurrentCell cell = RecurrentCell::kRnn;
  bool relu = false;  // of rnn; else tanh
  bool bidirectional = false, steps_first = false;
  int64_t layers = 1, hidden = 1;

  int64_t directions() const { return bidirectional ? 2 : 1; }
  static constexpr size_t kFirstWeights = 4;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("cell", cell);
    visit("relu", relu);
    visit("bidirectional", bidirectional);
    visit("steps_first", steps_first);
    visit("layers", layers);
    visit("hidden", hidden);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;

 private:
  Result<std::vector<Tensor*>> decompose_steps_first(Network& network, const std::vector<Tensor*>& inputs) const;
};

}  // namespace ingot
