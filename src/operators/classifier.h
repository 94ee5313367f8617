// What the classifiers and regressors of ai.onnx.ml do with their scores [N, classes].
// Source: ONNX (ai.onnx.ml) LinearClassifier-1, SVMClassifier-1, TreeEnsembleClassifier-3; ONNX Runtime where these are silent.
#pragma once

#include "network/network.h"

namespace ingot {

// Rows after the node's post_transform: NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO (zeros stay and count for nothing) or PROBIT.
Result<Tensor*> transformed_scores(const OnnxNode& node, Network& network, Tensor* scores);

// Both columns from the score s [N, 1] of the second class: [1 - s, s], or [-s, s] where s is signed; after LOGISTIC those of -s and s.
Result<Tensor*> two_scores(const OnnxNode& node, Network& network, Tensor* score, bool is_signed);

// What the classes are called, in the order of their scores.
struct ClassLabels {
  int64_t count = 0;
  Array numbers;  // int64 [count]; absent where they are strings, which only a node whose label is not read may have
};
Result<ClassLabels> class_labels(const OnnxNode& node, const std::string& attribute_of_integers);
// The label at the places [N]; null where nobody reads it.
Result<Tensor*> labels_at(const ClassLabels& labels, Network& network, Tensor* places);

// Places [N] of the largest scores, the first of equal ones.
Result<Tensor*> places_of_largest(Network& network, Tensor* scores);
// Places [N]: 1 where the score [N, 1] is above the threshold.
Result<Tensor*> places_above(Network& network, Tensor* score, double threshold);

}  // namespace ingot
