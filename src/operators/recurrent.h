// LSTM, GRU and the plain recurrent network over a sequence, in one or both directions. X [T, B, I] (layout 1: [B, T, I]),
// D directions, H hidden units, G gates: w [D, G*H, I], r [D, G*H, H], b [D, 2*G*H] (Wb then Rb), sequence_lens int32 [B],
// initial_h and initial_c [D, B, H] (layout 1: [B, D, H]), peepholes p [D, 3*H].
// Outputs y [T, D, B, H] (layout 1: [B, T, D, H]), y_h [D, B, H] (layout 1: [B, D, H]), and for LSTM y_c like y_h.
// Gates: lstm i o f c, gru z r h, rnn i. Source: ONNX LSTM, GRU, RNN; IRNNv2Layer.
#pragma once

#include <string>
#include <vector>

#include "operators/expression.h"

namespace ingot {

enum class RecurrentCell { kLstm, kGru, kRnn };
inline EnumWords<RecurrentCell> words_of(RecurrentCell) {
  return {{RecurrentCell::kLstm, "lstm"}, {RecurrentCell::kGru, "gru"}, {RecurrentCell::kRnn, "rnn"}};
}
enum class RecurrentDirection { kForward, kReverse, kBidirectional };
inline EnumWords<RecurrentDirection> words_of(RecurrentDirection) {
  return {{RecurrentDirection::kForward, "forward"},
          {RecurrentDirection::kReverse, "reverse"},
          {RecurrentDirection::kBidirectional, "bidirectional"}};
}

// Inputs x, w, r, optional b, sequence_lens, initial_h, initial_c, p (null where left out; the last two are LSTM's).
struct Recurrent final : OperatorBase<Recurrent> {
  static constexpr const char* kName = "recurrent";
  RecurrentCell cell = RecurrentCell::kLstm;
  RecurrentDirection direction = RecurrentDirection::kForward;
  int64_t layout = 0;
  // Names of scalar functions separated by spaces, each direction in turn (lstm f g h, gru f g, rnn f): sigmoid, tanh, relu, affine,
  // leaky_relu, thresholded_relu, scaled_tanh, hard_sigmoid, elu, softsign, softplus. Empty: sigmoid tanh tanh, sigmoid tanh, tanh.
  std::string activations;
  std::vector<double> alphas, betas;  // one for each activation that takes it, in order; the function's usual one where there are fewer
  double clip = 0;                    // where not 0: gates' inputs are clipped to [-clip, clip]
  bool linear_before_reset = false;   // of gru: h = act(x*w + r * (h*r + rb) + wb)
  bool input_forget = false;          // of lstm: f = 1 - i

  int64_t directions() const { return direction == RecurrentDirection::kBidirectional ? 2 : 1; }
  // The activations of one cell: three of lstm, two of gru, one of rnn, for each direction in turn.
  struct Activation {
    ScalarOp op;
    double a, b;
  };
  Result<std::vector<Activation>> parse_activations() const;
  int64_t gates() const { return cell == RecurrentCell::kLstm ? 4 : cell == RecurrentCell::kGru ? 3 : 1; }

  template <class Visitor>
  void fields(Visitor visit) {
    visit("cell", cell);
    visit("direction", direction);
    visit("layout", layout);
    visit("activations", activations);
    visit("alphas", alphas);
    visit("betas", betas);
    visit("clip", clip);
    visit("linear_before_reset", linear_before_reset);
    visit("input_forget", input_forget);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
