// Ready-made plugins in programs of generation 7, whose networks have an implicit batch.
#define INGOT_API 7
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "NvInfer.h"
#include "NvInferPlugin.h"

using namespace nvinfer1;

namespace {

class PluginLogger7 : public ILogger {
 public:
  void log(Severity severity, const char* message) override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

TEST(StockPlugins7, batched_nms) {
  PluginLogger7 log;
  ASSERT_TRUE(initLibNvInferPlugins(&log, ""));
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetwork();
  ASSERT_TRUE(network->hasImplicitBatchDimension());
  ITensor* in[] = {network->addInput("boxes", DataType::kFLOAT, DimsCHW(3, 1, 4)),
                   network->addInput("scores", DataType::kFLOAT, DimsHW(3, 2))};
  const int32_t classes = 2, candidates = 3, most = 2, off = 0;
  const float least = 0.2F, overlap = 0.5F;
  const std::vector<PluginField> fields = {PluginField("numClasses", &classes, PluginFieldType::kINT32, 1),
                                           PluginField("topK", &candidates, PluginFieldType::kINT32, 1),
                                           PluginField("keepTopK", &most, PluginFieldType::kINT32, 1),
                                           PluginField("clipBoxes", &off, PluginFieldType::kINT32, 1),
                                           PluginField("scoreThreshold", &least, PluginFieldType::kFLOAT32, 1),
                                           PluginField("iouThreshold", &overlap, PluginFieldType::kFLOAT32, 1)};
  const PluginFieldCollection collection{static_cast<int32_t>(fields.size()), fields.data()};
  IPluginV2* plugin = getPluginRegistry()->getPluginCreator("BatchedNMS_TRT", "1", "")->createPlugin("nms", &collection);
  ASSERT_NE(plugin, nullptr);
  EXPECT_EQ(plugin->getNbOutputs(), 4);
  IPluginV2Layer* layer = network->addPluginV2(in, 2, *plugin);
  ASSERT_NE(layer, nullptr) << log.errors;
  EXPECT_STREQ(layer->getPlugin().getPluginType(), "BatchedNMS_TRT");
  plugin->destroy();
  EXPECT_EQ(layer->getOutput(1)->getDimensions().nbDims, 2);
  EXPECT_EQ(layer->getOutput(1)->getDimensions().d[0], 2);
  for (int32_t o = 0; o < 4; ++o) network->markOutput(*layer->getOutput(o));
  builder->setMaxBatchSize(2);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  ASSERT_NE(engine, nullptr) << log.errors;
  // A plan holds the layers and needs no creator.
  IHostMemory* plan = engine->serialize();
  IRuntime* runtime = createInferRuntime(log);
  ICudaEngine* loaded = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  ASSERT_NE(loaded, nullptr) << log.errors;
  IExecutionContext* context = loaded->createExecutionContext();
  // Of the first image the second box is the best of class 0 and overlaps the first; the third is the best of class 1.
  std::vector<float> boxes, scores{0.5F, 0.25F, 0.75F, 0.5F, 0.125F, 0.625F, 0, 0, 0, 0, 0, 0};
  for (int image = 0; image < 2; ++image) boxes.insert(boxes.end(), {0, 0, 1, 1, 0, 0, 1, 0.75F, 2, 2, 3, 3});
  int32_t count[2] = {-5, -5};
  float found[16], kept[4], labels[4];
  void* bindings[] = {boxes.data(), scores.data(), count, found, kept, labels};
  ASSERT_TRUE(context->execute(2, bindings)) << log.errors;
  EXPECT_EQ(count[0], 2);
  EXPECT_EQ(count[1], 0);
  EXPECT_FLOAT_EQ(kept[0], 0.75F);
  EXPECT_FLOAT_EQ(kept[1], 0.625F);
  EXPECT_FLOAT_EQ(found[4], 2);
  EXPECT_FLOAT_EQ(labels[1], 1);
  EXPECT_FLOAT_EQ(labels[2], -1);
  context->destroy();
  loaded->destroy();
  runtime->destroy();
  plan->destroy();
  engine->destroy();
  network->destroy();
  builder->destroy();
}

TEST(StockPlugins7, a_permutation_of_generation_4) {
  PluginLogger7 log;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetwork();
  ITensor* in = network->addInput("x", DataType::kFLOAT, DimsCHW(2, 1, 3));
  plugin::INvPlugin* permute = plugin::createSSDPermutePlugin({{0, 2, 3, 1}});
  ASSERT_NE(permute, nullptr);
  EXPECT_EQ(permute->getPluginType(), PluginType::kPERMUTE);
  IPluginLayer* layer = network->addPlugin(&in, 1, *permute);
  ASSERT_NE(layer, nullptr) << log.errors;
  network->markOutput(*layer->getOutput(0));
  builder->setMaxBatchSize(2);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  ASSERT_NE(engine, nullptr) << log.errors;
  IExecutionContext* context = engine->createExecutionContext();
  float values[12], y[12] = {};
  for (int i = 0; i < 12; ++i) values[i] = static_cast<float>(i);
  void* bindings[] = {values, y};
  ASSERT_TRUE(context->execute(2, bindings)) << log.errors;
  EXPECT_EQ(std::vector<float>(y, y + 12), (std::vector<float>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
  context->destroy();
  engine->destroy();
  permute->destroy();
  network->destroy();
  builder->destroy();
}

}  // namespace
