// IAlgorithmSelector: what it is shown, what it may choose, and that the engine runs what it chose.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace {

using nvinfer1::Dims4;
using nvinfer1::IAlgorithm;
using nvinfer1::IAlgorithmContext;

struct Logger final : nvinfer1::ILogger {
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kWARNING) text += std::string(message) + "\n";
  }
  std::string text;
};

enum class Wish { kLast, kNothing, kOutside };

class Selector final : public nvinfer1::IAlgorithmSelector {
 public:
  explicit Selector(Wish wish) : wish_(wish) {}
  int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t count,
                           int32_t* selection) noexcept override {
    EXPECT_GT(count, 0);
    EXPECT_GT(context.getNbInputs(), 0);
    EXPECT_GT(context.getNbOutputs(), 0);
    EXPECT_EQ(context.getDimensions(0, nvinfer1::OptProfileSelector::kOPT).nbDims, 4);
    EXPECT_EQ(context.getDimensions(99, nvinfer1::OptProfileSelector::kOPT).nbDims, -1);
    for (int32_t i = 0; i < count; ++i) {
      EXPECT_NE(choices[i]->getAlgorithmIOInfoByIndex(context.getNbInputs()), nullptr);
      EXPECT_EQ(choices[i]->getAlgorithmIOInfoByIndex(context.getNbInputs() + context.getNbOutputs()), nullptr);
      EXPECT_EQ(choices[i]->getAlgorithmIOInfoByIndex(0)->getDataType(), nvinfer1::DataType::kFLOAT);
      largest_workspace = std::max(largest_workspace, choices[i]->getWorkspaceSize());
    }
    if (wish_ == Wish::kNothing) return 0;
    selection[0] = wish_ == Wish::kOutside ? count : count - 1;
    const auto& variant = choices[count - 1]->getAlgorithmVariant();
    chosen[context.getName()] = {variant.getImplementation(), variant.getTactic()};
    return 1;
  }
  void reportAlgorithms(IAlgorithmContext const* const* contexts, IAlgorithm const* const* choices, int32_t count) noexcept override {
    for (int32_t i = 0; i < count; ++i) {
      const auto& variant = choices[i]->getAlgorithmVariant();
      reported[contexts[i]->getName()] = {variant.getImplementation(), variant.getTactic()};
      reported_workspace = std::max(reported_workspace, choices[i]->getWorkspaceSize());
    }
  }
  std::map<std::string, std::pair<int64_t, int64_t>> chosen, reported;
  size_t largest_workspace = 0, reported_workspace = 0;

 private:
  Wish wish_;
};

bool build(Logger& logger, Selector& selector, bool reject_empty = false) {
  std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(1U));
  nvinfer1::ITensor* x = network->addInput("x", nvinfer1::DataType::kFLOAT, Dims4{1, 3, 16, 16});
  std::vector<float> weights(8 * 3 * 9, 0.5f);
  auto* convolution =
      network->addConvolutionNd(*x, 8, nvinfer1::Dims{2, {3, 3}}, {nvinfer1::DataType::kFLOAT, weights.data(), 8 * 3 * 9}, {});
  convolution->setName("conv");
  auto* pool = network->addPoolingNd(*convolution->getOutput(0), nvinfer1::PoolingType::kMAX, nvinfer1::Dims{2, {2, 2}});
  pool->setName("pool");
  network->markOutput(*pool->getOutput(0));
  std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  config->setAlgorithmSelector(&selector);
  if (reject_empty) config->setFlag(nvinfer1::BuilderFlag::kREJECT_EMPTY_ALGORITHMS);
  return std::unique_ptr<nvinfer1::IHostMemory>(builder->buildSerializedNetwork(*network, *config)) != nullptr;
}

TEST(AlgorithmSelector, TheEngineRunsWhatIsChosen) {
  Logger logger;
  Selector selector(Wish::kLast);
  ASSERT_TRUE(build(logger, selector)) << logger.text;
  ASSERT_EQ(selector.chosen.size(), 2u);
  for (const auto& [layer, variant] : selector.chosen) EXPECT_EQ(selector.reported.at(layer), variant) << layer;
  EXPECT_EQ(selector.reported_workspace, selector.largest_workspace);
  Selector again(Wish::kLast);
  ASSERT_TRUE(build(logger, again));
  EXPECT_EQ(again.chosen, selector.chosen);
}

TEST(AlgorithmSelector, NothingMeansAllUnlessThatIsRejected) {
  Logger logger;
  Selector selector(Wish::kNothing);
  EXPECT_TRUE(build(logger, selector)) << logger.text;
  EXPECT_FALSE(selector.reported.empty());
  EXPECT_FALSE(build(logger, selector, true));
  EXPECT_NE(logger.text.find("kREJECT_EMPTY_ALGORITHMS"), std::string::npos) << logger.text;
}

TEST(AlgorithmSelector, AnIndexThatIsNotThereFailsTheBuild) {
  Logger logger;
  Selector selector(Wish::kOutside);
  EXPECT_FALSE(build(logger, selector));
  EXPECT_NE(logger.text.find("wrote the index"), std::string::npos) << logger.text;
}

}  // namespace
