// Sequences of different lengths in attention and caches, and experts whose activations are quantized.
#include <cmath>

#include "harness.h"

namespace {

using namespace harness;

constexpr auto kPacked = AttentionIOForm::kPACKED_NHD;
constexpr auto kPadded = AttentionIOForm::kPADDED_BHND;

TEST(Sequences, packed_attention) {
  Program p;
  ITensor &q = p.input("q", {3, 1, 1}), &k = p.input("k", {4, 1, 1}), &v = p.input("v", {4, 1, 2});
  auto* attention = p.network->addAttentionV2(q, k, v, AttentionNormalizationOp::kSOFTMAX, CausalMaskKind::kLOWER_RIGHT);
  ASSERT_NE(attention, nullptr) << p.log.errors;
  p.mark(*attention->getOutput(0));
  // Each step that is missing is named.
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("call setQueryForm"), std::string::npos) << p.log.errors;
  EXPECT_EQ(attention->getQueryForm(), kPadded);
  EXPECT_TRUE(attention->setQueryForm(kPacked));
  EXPECT_FALSE(attention->setQueryForm(kPadded));
  EXPECT_FALSE(attention->setKeyValueForm(static_cast<AttentionIOForm>(7)));
  EXPECT_TRUE(attention->setKeyValueForm(kPacked));
  EXPECT_EQ(attention->getQueryForm(), kPacked);
  EXPECT_EQ(attention->getKeyValueForm(), kPacked);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("call setQueryLengths"), std::string::npos) << p.log.errors;
  ITensor &ends = p.input("query ends", {3}, DataType::kINT32), &key_ends = p.input("key ends", {3}, DataType::kINT32);
  EXPECT_TRUE(attention->setQueryLengths(&ends));
  EXPECT_TRUE(attention->setKeyValueLengths(&key_ends));
  EXPECT_EQ(attention->getQueryLengths(), &ends);
  EXPECT_EQ(attention->getKeyValueLengths(), &key_ends);
  EXPECT_EQ(attention->getNbInputs(), 3);
  EXPECT_EQ(p.network->getLayer(0)->getType(), LayerType::kATTENTION_OUTPUT);
  // Sequences of one query and two keys, and of two queries and two keys; equal scores but for the last key.
  const auto values = p.run({{"q", {{3, 1, 1}, {0, 1, 1}}},
                             {"k", {{4, 1, 1}, {9, 8, 0, 2}}},
                             {"v", {{4, 1, 2}, {1, 10, 3, 30, 5, 50, 7, 70}}},
                             {"query ends", {{3}, {0, 1, 3}}},
                             {"key ends", {{3}, {0, 2, 4}}}});
  ASSERT_EQ(values.size(), 1u) << p.log.errors;
  const double last = 1 / (1 + std::exp(-2.0)), mean = 5 + 2 * last;
  expect_near(values[0], {3, 1, 2}, {2, 20, 5, 50, mean, 10 * mean}, 1e-4);
  EXPECT_TRUE(attention->setQueryLengths(nullptr));
  EXPECT_EQ(attention->getQueryLengths(), nullptr);
}

TEST(Sequences, padded_caches_have_lengths) {
  Program p;
  ITensor &q = p.input("q", {2, 2, 1, 1}), &cache = p.input("cache", {2, 1, 3, 1});
  auto* attention = p.network->addAttentionV2(q, cache, cache, AttentionNormalizationOp::kSOFTMAX, CausalMaskKind::kNONE);
  ASSERT_NE(attention, nullptr) << p.log.errors;
  EXPECT_FALSE(attention->setQueryForm(kPacked));
  EXPECT_FALSE(attention->setKeyValueLengths(&q));
  EXPECT_NE(p.log.errors.find("lengths of keys and values"), std::string::npos) << p.log.errors;
  EXPECT_TRUE(attention->setKeyValueLengths(&p.input("lengths", {2}, DataType::kINT64)));
  EXPECT_TRUE(attention->setMask(p.constant({1, 1, 1, 3}, {0, -1000, 0})));
  p.mark(*attention->getOutput(0));
  const auto values =
      p.run({{"q", {{2, 2, 1, 1}, {0, 0, 0, 0}}}, {"cache", {{2, 1, 3, 1}, {2, 4, 6, 8, 10, 12}}}, {"lengths", {{2}, {3, 2}}}});
  ASSERT_EQ(values.size(), 1u) << p.log.errors;
  expect_near(values[0], {2, 2, 1, 1}, {4, 4, 8, 8}, 1e-4);
}

TEST(Sequences, of_numbers_that_only_the_run_tells) {
  Program p;
  ITensor &q = p.input("q", {-1, 1, 1}), &cache = p.input("cache", {-1, 1, -1, 1});
  auto* attention = p.network->addAttentionV2(q, cache, cache, AttentionNormalizationOp::kSOFTMAX, CausalMaskKind::kNONE);
  ASSERT_NE(attention, nullptr) << p.log.errors;
  EXPECT_TRUE(attention->setQueryForm(kPacked));
  EXPECT_TRUE(attention->setQueryLengths(&p.input("ends", {-1}, DataType::kINT32)));
  EXPECT_TRUE(attention->setKeyValueLengths(&p.input("lengths", {-1}, DataType::kINT32)));
  p.mark(*attention->getOutput(0));
  IOptimizationProfile& profile = *p.builder->createOptimizationProfile();
  const auto range = [&](const char* name, const std::vector<int64_t>& least, const std::vector<int64_t>& most) {
    profile.setDimensions(name, OptProfileSelector::kMIN, dims(least));
    profile.setDimensions(name, OptProfileSelector::kOPT, dims(most));
    profile.setDimensions(name, OptProfileSelector::kMAX, dims(most));
  };
  range("q", {1, 1, 1}, {64, 1, 1});
  range("cache", {1, 1, 1, 1}, {4, 1, 16, 1});
  range("ends", {2}, {5});
  range("lengths", {1}, {4});
  p.config->addOptimizationProfile(&profile);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr) << p.log.errors;
  const auto two = run_engine(
      *engine,
      {{"q", {{3, 1, 1}, {0, 0, 0}}}, {"cache", {{2, 1, 2, 1}, {1, 3, 7, 9}}}, {"ends", {{3}, {0, 1, 3}}}, {"lengths", {{2}, {2, 1}}}},
      p.log);
  ASSERT_EQ(two.size(), 1u) << p.log.errors;
  expect_near(two[0], {3, 1, 1}, {2, 7, 7});
  const auto one = run_engine(
      *engine, {{"q", {{1, 1, 1}, {0}}}, {"cache", {{1, 1, 3, 1}, {1, 2, 6}}}, {"ends", {{2}, {0, 1}}}, {"lengths", {{1}, {3}}}}, p.log);
  ASSERT_EQ(one.size(), 1u) << p.log.errors;
  expect_near(one[0], {1, 1, 1}, {3});
}

TEST(Sequences, packed_updates_of_caches) {
  Program p;
  ITensor &cache = p.input("cache", {2, 2, 3, 1}), &update = p.input("update", {3, 2, 1});
  auto* layer = p.network->addKVCacheUpdate(cache, update, p.input("starts", {2}, DataType::kINT32), KVCacheMode::kLINEAR);
  ASSERT_NE(layer, nullptr) << p.log.errors;
  p.output(*layer);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("setUpdateForm(kPACKED_NHD) and setUpdateLengths"), std::string::npos) << p.log.errors;
  EXPECT_FALSE(layer->setUpdateForm(static_cast<AttentionIOForm>(2)));
  EXPECT_EQ(layer->getUpdateForm(), kPadded);
  EXPECT_TRUE(layer->setUpdateForm(kPacked));
  EXPECT_FALSE(layer->setUpdateForm(kPadded));
  EXPECT_EQ(layer->getUpdateForm(), kPacked);
  EXPECT_EQ(layer->getUpdateLengths(), nullptr);
  ITensor& ends = p.input("ends", {3}, DataType::kINT32);
  EXPECT_TRUE(layer->setUpdateLengths(&ends));
  EXPECT_EQ(layer->getUpdateLengths(), &ends);
  EXPECT_EQ(layer->getNbInputs(), 3);
  const std::vector<double> before = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto values = p.run({{"cache", {{2, 2, 3, 1}, before}},
                             {"update", {{3, 2, 1}, {-1, -2, -3, -4, -5, -6}}},
                             {"starts", {{2}, {2, 0}}},
                             {"ends", {{3}, {0, 1, 3}}}});
  ASSERT_EQ(values.size(), 1u) << p.log.errors;
  expect_near(values[0], {2, 2, 3, 1}, {1, 2, -1, 4, 5, -2, -3, -5, 9, -4, -6, 12});
}

// One token and one expert, whose activations are the gate's weights.
struct Expert {
  Program p;
  IMoELayer* layer = nullptr;
  explicit Expert(const std::vector<float>& gate) {
    layer = p.network->addMoE(p.input("x", {1, 1}), p.input("expert", {1, 1}, DataType::kINT32), p.input("score", {1, 1}));
    const auto size = static_cast<int64_t>(gate.size());
    std::vector<float> down;
    for (int64_t i = 0; i < size; ++i) down.push_back(std::pow(10.0f, static_cast<float>(i)));
    layer->setGatedWeights(p.constant({1, 1, size}, gate), p.constant({1, 1, size}, std::vector<float>(gate.size(), 1)),
                           p.constant({1, size, 1}, down), MoEActType::kNONE);
    p.output(*layer);
  }
  double answer() {
    const auto values = p.run({{"x", {{1, 1}, {1}}}, {"expert", {{1, 1}, {0}}}, {"score", {{1, 1}, {1}}}});
    return values.size() == 1 && values[0].numbers.size() == 1 ? values[0].numbers[0] : std::nan("");
  }
};

TEST(Sequences, experts_with_a_scale_of_their_activations) {
  Expert expert({8.5, 17, -1});
  EXPECT_EQ(expert.layer->getQuantizationToType(), DataType::kFLOAT);
  expert.layer->setQuantizationStatic(expert.p.constant({}, {0.5}), DataType::kHALF);
  EXPECT_NE(expert.p.log.errors.find("the type of quantized activations"), std::string::npos) << expert.p.log.errors;
  expert.layer->setQuantizationStatic(expert.p.constant({}, {0.5}), DataType::kFP8);
  EXPECT_EQ(expert.layer->getQuantizationToType(), DataType::kFP8);
  EXPECT_EQ(expert.layer->getQuantizationBlockShape().nbDims, -1);
  // 17 lies between 16 and 18 and goes to the even code; 34 between 32 and 36.
  EXPECT_EQ(expert.answer(), 8 + 160 - 100);
  expert.layer->setQuantizationToType(DataType::kINT8);
  EXPECT_EQ(expert.answer(), 8.5 + 170 - 100);
}

TEST(Sequences, experts_with_scales_of_blocks) {
  Expert expert({12, 5, 3, 1.1f});
  const int32_t errors = static_cast<int32_t>(expert.p.log.errors.size());
  expert.layer->setQuantizationDynamicDblQ(expert.p.constant({1}, {0.5}), DataType::kFP4, Dims2(2, 2), DataType::kFP8);
  EXPECT_GT(expert.p.log.errors.size(), static_cast<size_t>(errors));
  expert.layer->setQuantizationDynamicDblQ(expert.p.constant({1}, {0.5}), DataType::kFP4, Dims2(1, 2), DataType::kFP8);
  EXPECT_EQ(expert.layer->getQuantizationToType(), DataType::kFP4);
  EXPECT_EQ(expert.layer->getDynQOutputScaleType(), DataType::kFP8);
  EXPECT_EQ(expert.layer->getQuantizationBlockShape().nbDims, 2);
  EXPECT_EQ(expert.layer->getQuantizationBlockShape().d[1], 2);
  EXPECT_EQ(expert.answer(), 12 + 40 + 300 + 1000);
  // One scale for all: 12 / 6 = 2, so 3 and 1.1 are 1.5 and 0.55 steps.
  expert.layer->setQuantizationBlockShape(Dims2(1, 4));
  EXPECT_EQ(expert.answer(), 12 + 40 + 300 + 1000);
  expert.layer->setDynQOutputScaleType(DataType::kINT32);
  EXPECT_EQ(expert.layer->getDynQOutputScaleType(), DataType::kFP8);
  expert.layer->setQuantizationToType(DataType::kFLOAT);
  EXPECT_NEAR(expert.answer(), 12 + 50 + 300 + 1100, 1e-2);
}

}  // namespace
