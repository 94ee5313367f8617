// Probabilities p [N, classes] of classes from those of their pairs, r [N, pairs]: r_ij that it is class i where it is i or j, for the
// pairs (0, 1), (0, 2), ... (1, 2), ... p minimizes the sum of (r_ji p_i - r_ij p_j)^2 over all pairs, with a sum of 1.
// Source: ONNX (ai.onnx.ml) SVMClassifier-1; Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise coupling",
// algorithm 2, with the end of LIBSVM: 0.005 / classes, and at least 100 rounds.
#pragma once

#include "network/operator.h"

namespace ingot {

struct PairwiseProbabilities final : OperatorBase<PairwiseProbabilities> {
  static constexpr const char* kName = "pairwise_probabilities";
  int64_t classes = 2;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("classes", classes);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
