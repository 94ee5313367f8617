#include "operators/classifier.h"

#include <fmt/format.h>

#include <cmath>

#include "operators/arg_reduce.h"
#include "operators/concat.h"
#include "operators/elementwise.h"
#include "operators/gather.h"
#include "operators/onnx_input.h"
#include "operators/reduce.h"
#include "operators/reshape.h"
#include "operators/softmax.h"

namespace ingot {
namespace {

Result<Tensor*> unary(Network& network, ScalarOp op, Tensor* x) { return network.add(Elementwise(op), {x}); }
Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }
Result<Tensor*> affine(Network& network, Tensor* x, double factor, double summand) {
  TRY_ASSIGN(Tensor * y, binary(network, ScalarOp::kMul, x, add_scalar(network, x, factor)));
  return binary(network, ScalarOp::kAdd, y, add_scalar(network, y, summand));
}

// exp(x - max) over its sum, where x is not 0.
Result<Tensor*> softmax_zero(Network& network, Tensor* x) {
  const int64_t last = x->type.rank() - 1;
  TRY_ASSIGN(Tensor * size, unary(network, ScalarOp::kAbs, x));
  TRY_ASSIGN(Tensor * counts, binary(network, ScalarOp::kGreater, size, add_scalar(network, x, 1e-7)));
  TRY_ASSIGN(Tensor * most, network.add(Reduce(ReduceKind::kMax, {last}), {x}));
  TRY_ASSIGN(Tensor * power, binary(network, ScalarOp::kSub, x, most));
  TRY_ASSIGN(power, unary(network, ScalarOp::kExp, power));
  TRY_ASSIGN(power, network.add(Elementwise(ScalarOp::kSelect), {counts, power, add_scalar(network, x, 0)}));
  TRY_ASSIGN(Tensor * sum, network.add(Reduce(ReduceKind::kSum, {last}), {power}));
  // A row of zeros has the sum 0.
  TRY_ASSIGN(sum, binary(network, ScalarOp::kMax, sum, add_scalar(network, sum, 1e-30)));
  return binary(network, ScalarOp::kDiv, power, sum);
}

// sqrt(2) times the inverse error function of 2x - 1, by Winitzki's approximation, as ONNX Runtime computes probits.
Result<Tensor*> probit(Network& network, Tensor* x) {
  constexpr double kA = 0.147;
  TRY_ASSIGN(Tensor * z, affine(network, x, 2, -1));
  TRY_ASSIGN(Tensor * logarithm, binary(network, ScalarOp::kMul, z, z));
  TRY_ASSIGN(logarithm, affine(network, logarithm, -1, 1));
  TRY_ASSIGN(logarithm, unary(network, ScalarOp::kLog, logarithm));
  TRY_ASSIGN(Tensor * v, affine(network, logarithm, 0.5, 2 / (3.14159 * kA)));
  TRY_ASSIGN(Tensor * root, binary(network, ScalarOp::kMul, v, v));
  TRY_ASSIGN(logarithm, affine(network, logarithm, 1 / kA, 0));
  TRY_ASSIGN(root, binary(network, ScalarOp::kSub, root, logarithm));
  TRY_ASSIGN(root, unary(network, ScalarOp::kSqrt, root));
  TRY_ASSIGN(root, binary(network, ScalarOp::kSub, root, v));
  TRY_ASSIGN(root, unary(network, ScalarOp::kSqrt, root));
  TRY_ASSIGN(z, unary(network, ScalarOp::kSign, z));
  TRY_ASSIGN(z, affine(network, z, std::sqrt(2.0), 0));
  return binary(network, ScalarOp::kMul, z, root);
}

Result<std::string> transform_of(const OnnxNode& node) {
  TRY_ASSIGN(const std::string name, node.word("post_transform", "NONE"));
  for (const char* known : {"NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"}) {
    if (name == known) return name;
  }
  return invalid("post_transform is '" + name + "'; it is NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT");
}

}  // namespace

Result<Tensor*> transformed_scores(const OnnxNode& node, Network& network, Tensor* scores) {
  TRY_ASSIGN(const std::string transform, transform_of(node));
  if (transform == "LOGISTIC") return unary(network, ScalarOp::kSigmoid, scores);
  if (transform == "SOFTMAX") return network.add(Softmax(-1), {scores});
  if (transform == "SOFTMAX_ZERO") return softmax_zero(network, scores);
  if (transform == "PROBIT") return probit(network, scores);
  return scores;
}

Result<Tensor*> two_scores(const OnnxNode& node, Network& network, Tensor* score, bool is_signed) {
  TRY_ASSIGN(const std::string transform, transform_of(node));
  if (transform == "PROBIT")
    return unsupported("post_transform PROBIT where one score stands for two classes; NONE and LOGISTIC are taken");
  const bool logistic = transform == "LOGISTIC";
  TRY_ASSIGN(Tensor * other, affine(network, score, -1, is_signed || logistic ? 0 : 1));
  TRY_ASSIGN(Tensor * both, network.add(Concat(1), {other, score}));
  return logistic ? unary(network, ScalarOp::kSigmoid, both) : both;
}

Result<ClassLabels> class_labels(const OnnxNode& node, const std::string& attribute_of_integers) {
  ClassLabels labels;
  TRY_ASSIGN(const std::vector<std::string> strings, node.words("classlabels_strings", {}));
  if (!strings.empty()) {
    if (node.output_is_used(0))
      return unsupported(
          "its labels are strings, which are not supported: take the scores alone, whose columns are in the order of classlabels_strings");
    labels.count = static_cast<int64_t>(strings.size());
    return labels;
  }
  TRY_ASSIGN(const std::vector<int64_t> numbers, node.integers(attribute_of_integers, {}));
  if (numbers.empty()) return invalid("attribute '" + attribute_of_integers + "' is missing; the labels of the classes are wanted");
  labels.count = static_cast<int64_t>(numbers.size());
  labels.numbers = Array::from_int64s(numbers);
  return labels;
}

Result<Tensor*> labels_at(const ClassLabels& labels, Network& network, Tensor* places) {
  if (!labels.numbers.data()) return static_cast<Tensor*>(nullptr);
  return network.add(Gather(0), {network.add_constant("", labels.numbers), places});
}

Result<Tensor*> places_of_largest(Network& network, Tensor* scores) {
  ArgReduce largest;
  largest.axis = 1;
  largest.keepdims = false;
  return network.add(largest, {scores});
}

Result<Tensor*> places_above(Network& network, Tensor* score, double threshold) {
  TRY_ASSIGN(Tensor * above, binary(network, ScalarOp::kGreater, score, add_scalar(network, score, threshold)));
  TRY_ASSIGN(above, network.add(Elementwise::cast(DataType::kInt64), {above}));
  return network.add(Reshape(std::vector<int64_t>{-1}), {above});
}

}  // namespace ingot
