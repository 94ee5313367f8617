// Random operators of ONNX: shapes and types, and that the numbers are distributed as they should be.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "one_node.h"

namespace ingot {
namespace {

constexpr int64_t kRows = 40, kColumns = 500;

// The largest distance between the share of numbers below x and what the distribution says, over all x (Kolmogorov and Smirnov). One
// sample of the distribution in a thousand exceeds 1.95 / sqrt(n); these numbers are always the same.
template <class Distribution>
void expect_distribution(const Array& got, Distribution share_below) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < got.count(); ++i) numbers.push_back(got.number(i));
  std::sort(numbers.begin(), numbers.end());
  const double count = static_cast<double>(numbers.size());
  double farthest = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double share = share_below(numbers[i]);
    farthest = std::max({farthest, std::abs(share - static_cast<double>(i) / count), std::abs(share - static_cast<double>(i + 1) / count)});
  }
  EXPECT_LT(farthest, 1.95 / std::sqrt(count));
  // Neighbours do not follow from each other.
  double mean = 0, square = 0, product = 0;
  for (int64_t i = 0; i < got.count(); ++i) mean += got.number(i) / count;
  for (int64_t i = 0; i + 1 < got.count(); ++i) {
    square += (got.number(i) - mean) * (got.number(i) - mean);
    product += (got.number(i) - mean) * (got.number(i + 1) - mean);
  }
  EXPECT_LT(std::abs(product / square), 4 / std::sqrt(count));
}

Array drawn(const OneNode& node, const Shape& shape, DataType type) {
  const auto outputs = node.run();
  EXPECT_TRUE(outputs.ok()) << (outputs.ok() ? "" : outputs.error().message);
  if (!outputs.ok()) return {};
  EXPECT_EQ((*outputs)[0].shape(), shape);
  EXPECT_EQ((*outputs)[0].type(), type);
  return (*outputs)[0];
}

TEST(OnnxRandom, NormalNumbersHaveTheirMeanAndDeviation) {
  const auto share = [](double x) { return 0.5 * std::erfc(-(x - 3) / (2 * std::sqrt(2.0))); };
  const auto parameters = [](proto::NodeProto* node) {
    set_number(node, "mean", 3);
    set_number(node, "scale", 2);
  };
  expect_distribution(drawn({"RandomNormal",
                             "",
                             22,
                             {},
                             [&](auto* node) {
                               parameters(node);
                               set_integers(node, "shape", {kRows, kColumns});
                             }},
                            {kRows, kColumns}, DataType::kFloat),
                      share);
  const Array like = array_of({kRows, kColumns}, {}, DataType::kDouble);
  expect_distribution(drawn({"RandomNormalLike", "", 22, {like}, parameters}, {kRows, kColumns}, DataType::kDouble), share);
}

TEST(OnnxRandom, UniformNumbersFillTheirInterval) {
  const auto share = [](double x) { return std::clamp((x + 1) / 5, 0.0, 1.0); };
  const auto parameters = [](proto::NodeProto* node) {
    set_number(node, "low", -1);
    set_number(node, "high", 4);
  };
  expect_distribution(drawn({"RandomUniform",
                             "",
                             22,
                             {},
                             [&](auto* node) {
                               parameters(node);
                               set_integers(node, "shape", {kRows, kColumns});
                             }},
                            {kRows, kColumns}, DataType::kFloat),
                      share);
  const Array like = array_of({kRows, kColumns}, {});
  expect_distribution(drawn({"RandomUniformLike", "", 22, {like}, parameters}, {kRows, kColumns}, DataType::kFloat), share);
}

TEST(OnnxRandom, ASeedGivesTheSameNumbersAndAnotherGivesOthers) {
  const auto with_seed = [](float seed) {
    return OneNode{"RandomUniform", "", 22, {}, [seed](auto* node) {
                     set_number(node, "seed", seed);
                     set_integers(node, "shape", {8});
                   }};
  };
  const Array a = drawn(with_seed(1), {8}, DataType::kFloat), b = drawn(with_seed(1), {8}, DataType::kFloat);
  EXPECT_TRUE(a.same_bits(b));
  EXPECT_FALSE(a.same_bits(drawn(with_seed(2), {8}, DataType::kFloat)));
}

TEST(OnnxRandom, DrawsFollowTheirProbabilities) {
  for (double chance : {0.0, 0.1, 0.7, 1.0}) {
    const Array x = array_of({kRows, kColumns}, std::vector<double>(static_cast<size_t>(kRows * kColumns), chance));
    const Array y = drawn({"Bernoulli", "", 22, {x}, [](auto* node) { set_integer(node, "dtype", proto::TensorProto::INT32); }},
                          {kRows, kColumns}, DataType::kInt32);
    double ones = 0;
    for (int64_t i = 0; i < y.count(); ++i) ones += y.number(i);
    const double count = static_cast<double>(kRows * kColumns);
    EXPECT_LE(std::abs(ones - chance * count), 4 * std::sqrt(count * chance * (1 - chance)) + 1e-3) << chance;
  }
}

TEST(OnnxRandom, ClassesAreDrawnByTheirWeights) {
  const double kShares[] = {0.2, 0.5, 0.3};
  std::vector<double> logits;
  for (double share : kShares) logits.push_back(std::log(share) + 7);
  const Array y = drawn({"Multinomial", "", 22, {array_of({1, 3}, logits)}, [](auto* node) { set_integer(node, "sample_size", 20000); }},
                        {1, 20000}, DataType::kInt32);
  double found[3] = {};
  for (int64_t i = 0; i < y.count(); ++i) {
    ASSERT_GE(y.integer(i), 0);
    ASSERT_LT(y.integer(i), 3);
    ++found[y.integer(i)];
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], 20000 * kShares[i], 4 * std::sqrt(20000 * kShares[i] * (1 - kShares[i])));
}

}  // namespace
}  // namespace ingot
