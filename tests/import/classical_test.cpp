// ai.onnx.ml's classifiers and machines, each by its formula.
#include <gmock/gmock.h>

#include <cmath>

#include "one_node.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

constexpr const char* kDomain = "ai.onnx.ml";

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

void set_words(proto::NodeProto* node, const std::string& name, const std::vector<std::string>& values) {
  auto* attribute = add_attribute(node, name, proto::AttributeProto::STRINGS);
  for (const std::string& value : values) attribute->add_strings(value);
}

OneNode linear(const std::vector<float>& coefficients, const std::vector<float>& intercepts, const std::vector<int64_t>& labels,
               const std::string& transform) {
  OneNode node{"LinearClassifier", kDomain, 17, {array_of({2, 2}, {1, 2, -3, 0.5})}};
  node.outputs = 2;
  node.attributes = [=](proto::NodeProto* proto) {
    set_numbers(proto, "coefficients", coefficients);
    set_numbers(proto, "intercepts", intercepts);
    set_integers(proto, "classlabels_ints", labels);
    set_word(proto, "post_transform", transform);
  };
  return node;
}

TEST(LinearClassifiers, ARowForEachClassOrOneForTheSecond) {
  // Scores 0.5 x0 + 0.25 x1 + 0.25: 1.25 and -1.125.
  const std::vector<float> one = {0.5f, 0.25f};
  expect_outputs(linear(one, {0.25f}, {7, 9}, "NONE"), {{{2}, {9, 7}}, {{2, 2}, {-0.25, 1.25, 2.125, -1.125}}});
  expect_outputs(linear(one, {0.25f}, {7, 9}, "LOGISTIC"),
                 {{{2}, {9, 7}}, {{2, 2}, {logistic(-1.25), logistic(1.25), logistic(1.125), logistic(-1.125)}}});
  const std::vector<float> two = {0.5f, 0.25f, -0.5f, 0};
  const double a = std::exp(1.25), b = std::exp(-0.5), c = std::exp(-1.125), d = std::exp(1.5);
  expect_outputs(linear(two, {0.25f, 0}, {7, 9}, "SOFTMAX"),
                 {{{2}, {7, 9}}, {{2, 2}, {a / (a + b), b / (a + b), c / (c + d), d / (c + d)}}});
  EXPECT_THAT(message_of(linear(two, {0, 0, 0}, {7, 9}, "NONE")), HasSubstr("there are 3 intercepts for 2 classes"));
  EXPECT_THAT(message_of(linear(two, {0, 0}, {7, 9}, "TANH")), HasSubstr("post_transform is 'TANH'; it is NONE, LOGISTIC"));
}

TEST(LinearClassifiers, ZerosMayStandAsideAndProbitsInvert) {
  OneNode zeros = linear({2.5f, 0, 0, 1.5f}, {0, 0}, {7, 9}, "SOFTMAX_ZERO");
  zeros.inputs = {array_of({2, 2}, {1, 0, 0, 1})};
  expect_outputs(zeros, {{{2}, {7, 9}}, {{2, 2}, {1, 0, 0, 1}}});
  OneNode regressor{"LinearRegressor", kDomain, 17, {array_of({3, 1}, {0.5, 0.84134475, 0.02275013})}};
  regressor.attributes = [](proto::NodeProto* proto) {
    set_numbers(proto, "coefficients", {1});
    set_word(proto, "post_transform", "PROBIT");
  };
  expect_outputs(regressor, {{{3, 1}, {0, 1, -2}}}, 0.01);  // Winitzki's approximation
}

TEST(LinearClassifiers, LabelsThatAreStringsAreNotRead) {
  OneNode node = linear({0.5f, 0.25f}, {0.25f}, {}, "NONE");
  const auto numbers = node.attributes;
  node.attributes = [=](proto::NodeProto* proto) {
    numbers(proto);
    set_words(proto, "classlabels_strings", {"cat", "dog"});
  };
  EXPECT_THAT(message_of(node), HasSubstr("take the scores alone"));
  proto::ModelProto model = node.model();
  model.mutable_graph()->mutable_node(0)->set_output(0, "");
  model.mutable_graph()->mutable_output()->DeleteSubrange(0, 1);
  auto network = import_model(model);
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(outputs_of(**network, node.inputs), (std::vector<float>{-0.25f, 1.25f, 2.125f, -1.125f}));
}

OneNode machine(const std::string& op, const std::string& kernel, std::function<void(proto::NodeProto*)> more) {
  OneNode node{op, kDomain, 17, {array_of({2, 2}, {1, 2, 0, -1})}};
  node.attributes = [=](proto::NodeProto* proto) {
    set_word(proto, "kernel_type", kernel);
    set_numbers(proto, "kernel_params", {0.5f, 1, 2});
    set_numbers(proto, "support_vectors", {1, 0, 3, 1});
    more(proto);
  };
  return node;
}

TEST(SupportVectors, KernelsAreSummed) {
  const auto sums = [](proto::NodeProto* proto) {
    set_integer(proto, "n_supports", 2);
    set_numbers(proto, "coefficients", {2, -1});
    set_numbers(proto, "rho", {0.5f});
  };
  // Products with (1, 0) and (3, 1): 1 and 5, 0 and -1; squared distances 4 and 5, 2 and 13.
  expect_outputs(machine("SVMRegressor", "LINEAR", sums), {{{2, 1}, {2 - 5 + 0.5, 0 + 1 + 0.5}}});
  expect_outputs(machine("SVMRegressor", "POLY", sums), {{{2, 1}, {2 * 2.25 - 12.25 + 0.5, 2 * 1 - 0.25 + 0.5}}});
  expect_outputs(machine("SVMRegressor", "RBF", sums),
                 {{{2, 1}, {2 * std::exp(-2) - std::exp(-2.5) + 0.5, 2 * std::exp(-1) - std::exp(-6.5) + 0.5}}});
  expect_outputs(machine("SVMRegressor", "SIGMOID", sums),
                 {{{2, 1}, {2 * std::tanh(1.5) - std::tanh(3.5) + 0.5, 2 * std::tanh(1) - std::tanh(0.5) + 0.5}}});
  const auto one_class = [=](proto::NodeProto* proto) {
    sums(proto);
    set_integer(proto, "one_class", 1);
  };
  expect_outputs(machine("SVMRegressor", "LINEAR", one_class), {{{2, 1}, {-1, 1}}});
  EXPECT_THAT(message_of(machine("SVMRegressor", "CUBIC", sums)), HasSubstr("kernel_type is 'CUBIC'; it is LINEAR, POLY, RBF or SIGMOID"));
}

// Two classes of one vector each: the score of the pair is 2 k0 - k1 + 0.5 = -2.5 and 1.5; above 0 it is for the first.
OneNode pair_of_classes(std::function<void(proto::NodeProto*)> more) {
  OneNode node = machine("SVMClassifier", "LINEAR", [=](proto::NodeProto* proto) {
    set_numbers(proto, "coefficients", {2, -1});
    set_numbers(proto, "rho", {0.5f});
    set_integers(proto, "vectors_per_class", {1, 1});
    set_integers(proto, "classlabels_ints", {3, 8});
    more(proto);
  });
  node.outputs = 2;
  return node;
}

TEST(SupportVectors, PairsOfClassesVote) {
  expect_outputs(pair_of_classes([](auto*) {}), {{{2}, {8, 3}}, {{2, 2}, {2.5, -2.5, -1.5, 1.5}}});
  const auto probabilities = [](proto::NodeProto* proto) {
    set_numbers(proto, "prob_a", {-1});
    set_numbers(proto, "prob_b", {0.25f});
  };
  const double p = logistic(-2.75), q = logistic(1.25);
  expect_outputs(pair_of_classes(probabilities), {{{2}, {8, 3}}, {{2, 2}, {p, 1 - p, q, 1 - q}}}, 1e-4);
}

TEST(SupportVectors, EachClassHasARowOfCoefficientsAgainstEachOther) {
  OneNode node = machine("SVMClassifier", "LINEAR", [](proto::NodeProto* proto) {
    proto->mutable_attribute()->DeleteSubrange(2, 1);
    set_numbers(proto, "support_vectors", {1, 0, 0, 1, 1, 1});
    set_integers(proto, "vectors_per_class", {1, 1, 1});
    // Rows: against the next class, against the one behind it (as LIBSVM keeps them).
    set_numbers(proto, "coefficients", {1, 2, 3, 4, 5, 6});
    set_numbers(proto, "rho", {0.5f, -0.5f, 0.25f});
    set_integers(proto, "classlabels_ints", {3, 8, 11});
  });
  node.outputs = 2;
  // Kernels (1, 2, 3) and (0, -1, -1). (0, 1): 1 k0 + 2 k1; (0, 2): 4 k0 + 3 k2; (1, 2): 5 k1 + 6 k2.
  expect_outputs(node, {{{2}, {3, 11}}, {{2, 3}, {5.5, 12.5, 28.25, -1.5, -3.5, -10.75}}});
}

OneNode trees(const std::vector<int64_t>& classes, const std::vector<float>& weights, const std::vector<int64_t>& labels,
              const std::string& transform = "NONE") {
  // x0 <= 0.5 ? leaf 1 : leaf 2; x1 > 0 ? leaf 1 : leaf 2.
  OneNode node{"TreeEnsembleClassifier", kDomain, 17, {array_of({2, 2}, {0, 1, 1, -1})}};
  node.outputs = 2;
  node.attributes = [=](proto::NodeProto* proto) {
    set_integers(proto, "nodes_treeids", {0, 0, 0, 1, 1, 1});
    set_integers(proto, "nodes_nodeids", {0, 1, 2, 0, 1, 2});
    set_integers(proto, "nodes_featureids", {0, 0, 0, 1, 0, 0});
    set_numbers(proto, "nodes_values", {0.5f, 0, 0, 0, 0, 0});
    set_integers(proto, "nodes_truenodeids", {1, 0, 0, 1, 0, 0});
    set_integers(proto, "nodes_falsenodeids", {2, 0, 0, 2, 0, 0});
    set_words(proto, "nodes_modes", {"BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"});
    set_integers(proto, "class_treeids", {0, 0, 1, 1});
    set_integers(proto, "class_nodeids", {1, 2, 1, 2});
    set_integers(proto, "class_ids", classes);
    set_numbers(proto, "class_weights", weights);
    set_integers(proto, "classlabels_int64s", labels);
    set_word(proto, "post_transform", transform);
  };
  return node;
}

TEST(TreeClassifiers, SumLeavesByClass) {
  // Row 0 meets both leaves 1, row 1 both leaves 2.
  expect_outputs(trees({0, 1, 2, 1}, {1, 2, 3, 4}, {5, 6, 7}), {{{2}, {7, 6}}, {{2, 3}, {1, 0, 3, 0, 6, 0}}});
  expect_outputs(trees({0, 1, 0, 1}, {1, 2, 3, -4}, {5, 6}, "LOGISTIC"), {{{2}, {5, 5}}, {{2, 2}, {logistic(4), 0.5, 0.5, logistic(-2)}}});
}

TEST(TreeClassifiers, OneScoreMayStandForTwoClasses) {
  // Probabilities 0.75 and 0.25; signed scores 0.25 and -0.5.
  expect_outputs(trees({0, 0, 0, 0}, {0.5, 0.125, 0.25, 0.125}, {5, 6}), {{{2}, {6, 5}}, {{2, 2}, {0.25, 0.75, 0.75, 0.25}}});
  expect_outputs(trees({0, 0, 0, 0}, {0.5, -0.25, -0.25, -0.25}, {5, 6}), {{{2}, {6, 5}}, {{2, 2}, {-0.25, 0.25, 0.5, -0.5}}});
  expect_outputs(trees({0, 0, 0, 0}, {0.5, -0.25, -0.25, -0.25}, {5, 6}, "LOGISTIC"),
                 {{{2}, {6, 5}}, {{2, 2}, {logistic(-0.25), logistic(0.25), logistic(0.5), logistic(-0.5)}}});
}

}  // namespace
}  // namespace ingot
