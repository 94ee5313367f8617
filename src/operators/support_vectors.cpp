// ai.onnx.ml's support vector machines, as products of matrices: each row of x meets each support vector in a kernel, the kernels are
// summed with the coefficients. Source: ONNX (ai.onnx.ml) SVMClassifier-1, SVMRegressor-1; votes and probabilities as ONNX Runtime's.
#include <fmt/format.h>

#include <numeric>

#include "operators/classifier.h"
#include "operators/elementwise.h"
#include "operators/matmul.h"
#include "operators/onnx_input.h"
#include "operators/pairwise_probabilities.h"
#include "operators/reduce.h"
#include "operators/register.h"

namespace ingot {
namespace {

using Numbers = std::vector<double>;

Result<Tensor*> unary(Network& network, ScalarOp op, Tensor* x) { return network.add(Elementwise(op), {x}); }
Result<Tensor*> binary(Network& network, ScalarOp op, Tensor* a, Tensor* b) { return network.add(Elementwise(op), {a, b}); }
Tensor* floats(Network& network, Shape shape, const Numbers& numbers) {
  return network.add_constant("", Array::of(DataType::kFloat, std::move(shape), numbers));
}

struct Kernel {
  std::string kind;
  double gamma = 0, coefficient = 0, degree = 3;
};

Result<Kernel> kernel_of(const OnnxNode& node) {
  Kernel kernel;
  TRY_ASSIGN(kernel.kind, node.word("kernel_type", "LINEAR"));
  TRY_ASSIGN(const Numbers parameters, node.numbers("kernel_params", {}));
  if (kernel.kind != "LINEAR" && kernel.kind != "POLY" && kernel.kind != "RBF" && kernel.kind != "SIGMOID")
    return invalid("kernel_type is '" + kernel.kind + "'; it is LINEAR, POLY, RBF or SIGMOID");
  if (!parameters.empty() && parameters.size() != 3)
    return invalid(fmt::format("kernel_params has {} numbers; gamma, coef0 and degree are wanted", parameters.size()));
  if (!parameters.empty()) kernel = {kernel.kind, parameters[0], parameters[1], parameters[2]};
  return kernel;
}

// exp(-gamma |x - v|^2), the square written out. Both are moved by the vectors' mean first, which keeps what cancels small.
Result<Tensor*> radial(const Kernel& kernel, Network& network, Tensor* x, Numbers vectors, int64_t count) {
  const auto features = static_cast<int64_t>(vectors.size()) / count;
  Numbers mean(static_cast<size_t>(features), 0), squares(static_cast<size_t>(count), 0);
  for (size_t i = 0; i < vectors.size(); ++i) mean[i % mean.size()] += vectors[i] / static_cast<double>(count);
  for (double& m : mean) m = static_cast<double>(static_cast<float>(m));
  for (size_t i = 0; i < vectors.size(); ++i) {
    vectors[i] -= mean[i % mean.size()];
    squares[i / mean.size()] += vectors[i] * vectors[i];
  }
  TRY_ASSIGN(x, binary(network, ScalarOp::kSub, x, floats(network, {1, features}, mean)));
  TRY_ASSIGN(Tensor * own, network.add(Reduce(ReduceKind::kSumSquare, {1}), {x}));
  TRY_ASSIGN(Tensor * product, network.add(MatMul(false, true), {x, floats(network, {count, features}, vectors)}));
  TRY_ASSIGN(product, binary(network, ScalarOp::kMul, product, add_scalar(network, product, -2)));
  TRY_ASSIGN(Tensor * distance, binary(network, ScalarOp::kAdd, own, floats(network, {1, count}, squares)));
  TRY_ASSIGN(distance, binary(network, ScalarOp::kAdd, distance, product));
  TRY_ASSIGN(distance, unary(network, ScalarOp::kRelu, distance));
  TRY_ASSIGN(distance, binary(network, ScalarOp::kMul, distance, add_scalar(network, distance, -kernel.gamma)));
  return unary(network, ScalarOp::kExp, distance);
}

// The kernel of each row of x with each of `count` vectors: [N, count].
Result<Tensor*> kernels(const Kernel& kernel, Network& network, Tensor* x, const Numbers& vectors, int64_t count) {
  if (kernel.kind == "RBF") return radial(kernel, network, x, vectors, count);
  const auto features = static_cast<int64_t>(vectors.size()) / count;
  TRY_ASSIGN(Tensor * y, network.add(MatMul(false, true), {x, floats(network, {count, features}, vectors)}));
  if (kernel.kind == "LINEAR") return y;
  TRY_ASSIGN(y, binary(network, ScalarOp::kMul, y, add_scalar(network, y, kernel.gamma)));
  TRY_ASSIGN(y, binary(network, ScalarOp::kAdd, y, add_scalar(network, y, kernel.coefficient)));
  if (kernel.kind == "SIGMOID") return unary(network, ScalarOp::kTanh, y);
  return binary(network, ScalarOp::kPow, y, add_scalar(network, y, kernel.degree));
}

Result<Tensor*> rows_input(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, required_input(node, 0));
  if (x->type.rank() != 2) return unsupported("the input is " + x->type.text() + "; [N, features] is supported");
  if (x->type.type == DataType::kFloat) return x;
  return network.add(Elementwise::cast(DataType::kFloat), {x});
}

Status check_vectors(const Tensor& x, size_t numbers, int64_t count, const char* what) {
  const auto total = static_cast<int64_t>(numbers);
  if (count <= 0 || total == 0 || total % count != 0) return invalid(fmt::format("{} {} do not fall to {} vectors", total, what, count));
  const Dim& features = x.type.dims[1];
  if (features.is_constant() && !features.is(total / count))
    return invalid(fmt::format("the vectors have {} features, but the input is {}", total / count, x.type.text()));
  return Ok{};
}

Result<Tensor*> regressor(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, rows_input(node, network));
  TRY_ASSIGN(const Kernel kernel, kernel_of(node));
  TRY_ASSIGN(const int64_t count, node.integer("n_supports", 0));
  TRY_ASSIGN(const Numbers vectors, node.numbers("support_vectors", {}));
  TRY_ASSIGN(const Numbers coefficients, node.numbers("coefficients", {}));
  TRY_ASSIGN(const Numbers rho, node.numbers("rho", {0}));
  TRY_ASSIGN(const int64_t one_class, node.integer("one_class", 0));
  if (rho.size() != 1) return invalid(fmt::format("rho has {} numbers; one is wanted", rho.size()));
  Tensor* y = nullptr;
  if (count > 0) {
    TRY(check_vectors(*x, vectors.size(), count, "support_vectors"));
    if (coefficients.size() != static_cast<size_t>(count))
      return invalid(fmt::format("there are {} coefficients for {} support vectors", coefficients.size(), count));
    TRY_ASSIGN(y, kernels(kernel, network, x, vectors, count));
    TRY_ASSIGN(y, network.add(MatMul(), {y, floats(network, {count, 1}, coefficients)}));
  } else {  // the coefficients are the one vector
    TRY(check_vectors(*x, coefficients.size(), 1, "coefficients"));
    TRY_ASSIGN(y, kernels(kernel, network, x, coefficients, 1));
  }
  TRY_ASSIGN(y, binary(network, ScalarOp::kAdd, y, add_scalar(network, y, rho[0])));
  if (!one_class) return transformed_scores(node, network, y);
  TRY_ASSIGN(Tensor * inside, binary(network, ScalarOp::kGreater, y, add_scalar(network, y, 0)));
  return network.add(Elementwise(ScalarOp::kSelect), {inside, add_scalar(network, y, 1), add_scalar(network, y, -1)});
}

// The scores of the pairs (0, 1), (0, 2), ...: the vectors of both classes with the coefficients that they have against each other.
Result<Tensor*> pair_scores(const OnnxNode& node, Network& network, Tensor* kernels, const std::vector<int64_t>& sizes,
                            const Numbers& rho) {
  const size_t classes = sizes.size(), pairs = rho.size();
  const int64_t count = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  TRY_ASSIGN(const Numbers coefficients, node.numbers("coefficients", {}));
  const auto vectors = static_cast<size_t>(count);
  if (coefficients.size() != (classes - 1) * vectors)
    return invalid(fmt::format("there are {} coefficients; {} rows of {} are wanted", coefficients.size(), classes - 1, count));
  std::vector<size_t> starts(classes + 1, 0);
  for (size_t c = 0; c < classes; ++c) starts[c + 1] = starts[c] + static_cast<size_t>(sizes[c]);
  Numbers weights(vectors * pairs, 0);
  size_t pair = 0;
  for (size_t i = 0; i < classes; ++i) {
    for (size_t j = i + 1; j < classes; ++j, ++pair) {
      for (size_t v = starts[i]; v < starts[i + 1]; ++v) weights[v * pairs + pair] = coefficients[(j - 1) * vectors + v];
      for (size_t v = starts[j]; v < starts[j + 1]; ++v) weights[v * pairs + pair] = coefficients[i * vectors + v];
    }
  }
  TRY_ASSIGN(Tensor * scores, network.add(MatMul(), {kernels, floats(network, {count, static_cast<int64_t>(pairs)}, weights)}));
  return binary(network, ScalarOp::kAdd, scores, floats(network, {1, static_cast<int64_t>(pairs)}, rho));
}

// The class that wins most of its pairs; a score above 0 is for the first of the two.
Result<Tensor*> places_by_votes(Network& network, Tensor* scores, int64_t classes) {
  const int64_t pairs = classes * (classes - 1) / 2;
  Numbers gains(static_cast<size_t>(pairs * classes), 0), start(static_cast<size_t>(classes), 0);
  size_t pair = 0;
  for (size_t i = 0; i < start.size(); ++i) {
    for (size_t j = i + 1; j < start.size(); ++j, ++pair) {
      gains[pair * start.size() + i] = 1;
      gains[pair * start.size() + j] = -1;
      start[j] += 1;
    }
  }
  TRY_ASSIGN(Tensor * won, binary(network, ScalarOp::kGreater, scores, add_scalar(network, scores, 0)));
  TRY_ASSIGN(won, network.add(Elementwise::cast(DataType::kFloat), {won}));
  TRY_ASSIGN(Tensor * votes, network.add(MatMul(), {won, floats(network, {pairs, classes}, gains)}));
  TRY_ASSIGN(votes, binary(network, ScalarOp::kAdd, votes, floats(network, {1, classes}, start)));
  return places_of_largest(network, votes);
}

// 1 / (1 + exp(a s + b)) for each pair, coupled.
Result<Tensor*> probabilities(Network& network, Tensor* scores, const Numbers& a, const Numbers& b, int64_t classes) {
  const auto pairs = static_cast<int64_t>(a.size());
  TRY_ASSIGN(Tensor * r, binary(network, ScalarOp::kMul, scores, floats(network, {1, pairs}, a)));
  TRY_ASSIGN(r, binary(network, ScalarOp::kAdd, r, floats(network, {1, pairs}, b)));
  TRY_ASSIGN(r, unary(network, ScalarOp::kNeg, r));
  TRY_ASSIGN(r, unary(network, ScalarOp::kSigmoid, r));
  PairwiseProbabilities couple;
  couple.classes = classes;
  return network.add(couple, {r});
}

// Without support vectors the coefficients are a row for each class.
Result<std::vector<Tensor*>> linear_classifier(const OnnxNode& node, Network& network, Tensor* x, const Kernel& kernel,
                                               const ClassLabels& labels, const Numbers& rho) {
  TRY_ASSIGN(const Numbers coefficients, node.numbers("coefficients", {}));
  if (labels.count < 2 || rho.size() != 1)
    return invalid(fmt::format("a linear machine of {} classes has {} numbers in rho; two classes or more and one number are wanted",
                               labels.count, rho.size()));
  TRY(check_vectors(*x, coefficients.size(), labels.count, "coefficients"));
  TRY_ASSIGN(Tensor * scores, kernels(kernel, network, x, coefficients, labels.count));
  TRY_ASSIGN(scores, binary(network, ScalarOp::kAdd, scores, add_scalar(network, scores, rho[0])));
  TRY_ASSIGN(Tensor * places, places_of_largest(network, scores));
  TRY_ASSIGN(Tensor * label, labels_at(labels, network, places));
  TRY_ASSIGN(scores, transformed_scores(node, network, scores));
  return std::vector<Tensor*>{label, scores};
}

Result<std::vector<Tensor*>> classifier(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(Tensor * x, rows_input(node, network));
  TRY_ASSIGN(const Kernel kernel, kernel_of(node));
  TRY_ASSIGN(const ClassLabels labels, class_labels(node, "classlabels_ints"));
  TRY_ASSIGN(const std::vector<int64_t> sizes, node.integers("vectors_per_class", {}));
  TRY_ASSIGN(const Numbers rho, node.numbers("rho", {}));
  if (sizes.empty()) return linear_classifier(node, network, x, kernel, labels, rho);
  const int64_t classes = labels.count, pairs = classes * (classes - 1) / 2;
  TRY_ASSIGN(const Numbers vectors, node.numbers("support_vectors", {}));
  TRY_ASSIGN(const Numbers a, node.numbers("prob_a", {}));
  TRY_ASSIGN(const Numbers b, node.numbers("prob_b", {}));
  if (classes < 2 || static_cast<int64_t>(sizes.size()) != classes || static_cast<int64_t>(rho.size()) != pairs)
    return invalid(fmt::format("{} classes have vectors_per_class for {} and rho for {} pairs; {} and {} are wanted", classes, sizes.size(),
                               rho.size(), classes, pairs));
  if (a.size() != b.size() || (!a.empty() && a.size() != rho.size()))
    return invalid(fmt::format("prob_a has {} and prob_b {} numbers; none or {} are wanted", a.size(), b.size(), pairs));
  int64_t count = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > static_cast<int64_t>(vectors.size()))
      return invalid(fmt::format("a class has {} support vectors of {} numbers in all", size, vectors.size()));
    count += size;
  }
  TRY(check_vectors(*x, vectors.size(), count, "support_vectors"));
  TRY_ASSIGN(Tensor * scores, kernels(kernel, network, x, vectors, count));
  TRY_ASSIGN(scores, pair_scores(node, network, scores, sizes, rho));
  TRY_ASSIGN(Tensor * places, places_by_votes(network, scores, classes));
  TRY_ASSIGN(Tensor * label, labels_at(labels, network, places));
  if (!a.empty()) {
    TRY_ASSIGN(scores, probabilities(network, scores, a, b, classes));
  } else if (classes == 2) {
    TRY_ASSIGN(const std::string transform, node.word("post_transform", "NONE"));
    TRY_ASSIGN(scores, two_scores(node, network, scores, transform == "NONE"));
    return std::vector<Tensor*>{label, scores};
  }
  TRY_ASSIGN(scores, transformed_scores(node, network, scores));
  return std::vector<Tensor*>{label, scores};
}

}  // namespace

REGISTER_OPERATORS(support_vectors) {
  catalogue.add_onnx("SVMRegressor", one_output<regressor>, "ai.onnx.ml");
  catalogue.add_onnx("SVMClassifier", classifier, "ai.onnx.ml");
}

}  // namespace ingot
