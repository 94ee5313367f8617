// A program of generation 8: an explicit batch, profiles, bindings by index, executeV2 and enqueueV2.
#define INGOT_API 8
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"

using namespace nvinfer1;

namespace {

class Logger8 : public ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

struct Built {
  Logger8 log;
  std::unique_ptr<ICudaEngine> engine;
};

// y = relu(x) with x [-1, 2], and the shape of x; two profiles.
void build(Built& built, bool serialized) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(built.log));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1U));
  EXPECT_FALSE(network->hasImplicitBatchDimension());
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setMaxWorkspaceSize(1 << 24);
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, 2));
  auto* relu = network->addActivation(*x, ActivationType::kRELU);
  relu->getOutput(0)->setName("y");
  network->markOutput(*relu->getOutput(0));
  auto* shape = network->addShape(*x);
  EXPECT_EQ(shape->getOutput(0)->getType(), DataType::kINT32);
  static const int32_t kTwo[] = {2, 2};
  auto* two = network->addConstant(Dims{1, {2}}, Weights{DataType::kINT32, kTwo, 2});
  auto* doubled = network->addElementWise(*shape->getOutput(0), *two->getOutput(0), ElementWiseOperation::kPROD);
  ASSERT_NE(doubled, nullptr) << built.log.errors;
  doubled->getOutput(0)->setName("twice the shape");
  network->markOutput(*doubled->getOutput(0));
  for (const int32_t most : {4, 8}) {
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 2));
    profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(2, 2));
    profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(most, 2));
    EXPECT_TRUE(profile->isValid());
    config->addOptimizationProfile(profile);
  }
  if (!serialized) {
    built.engine.reset(builder->buildEngineWithConfig(*network, *config));
  } else {
    std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    ASSERT_NE(plan, nullptr) << built.log.errors;
    std::unique_ptr<IRuntime> runtime(createInferRuntime(built.log));
    built.engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  }
  ASSERT_NE(built.engine, nullptr) << built.log.errors;
}

class Generation8 : public testing::TestWithParam<bool> {};

TEST_P(Generation8, bindings_profiles_and_shapes) {
  Built built;
  build(built, GetParam());
  if (!built.engine) return;
  ICudaEngine& engine = *built.engine;
  EXPECT_EQ(engine.getNbBindings(), 6);
  EXPECT_EQ(engine.getNbOptimizationProfiles(), 2);
  EXPECT_EQ(engine.getBindingIndex("y"), 1);
  EXPECT_EQ(engine.getBindingDataType(2), DataType::kINT32);
  EXPECT_EQ(engine.getBindingDimensions(0).d[0], -1);
  EXPECT_EQ(engine.getProfileDimensions(3, 1, OptProfileSelector::kMAX).d[0], 8);
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  EXPECT_FALSE(context->allInputDimensionsSpecified());
  float x[16], y[16] = {};
  int32_t shape[2] = {};
  for (int i = 0; i < 16; ++i) x[i] = static_cast<float>(i - 3);
  void* bindings[] = {x, y, shape, x, y, shape};
  EXPECT_FALSE(context->executeV2(bindings));
  EXPECT_FALSE(context->setBindingDimensions(0, Dims2(5, 2)));
  ASSERT_TRUE(context->setBindingDimensions(0, Dims2(3, 2))) << built.log.errors;
  EXPECT_EQ(context->getBindingDimensions(1).d[0], 3);
  ASSERT_TRUE(context->executeV2(bindings)) << built.log.errors;
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[5], 2);
  EXPECT_EQ(shape[0], 6);
  EXPECT_EQ(shape[1], 4);

  cudaStream_t stream;
  cudaEvent_t consumed;
  cudaStreamCreate(&stream);
  cudaEventCreate(&consumed);
  ASSERT_TRUE(context->setOptimizationProfileAsync(1, stream));
  ASSERT_TRUE(context->setBindingDimensions(3, Dims2(8, 2))) << built.log.errors;
  ASSERT_TRUE(context->enqueueV2(bindings, stream, &consumed)) << built.log.errors;
  cudaStreamSynchronize(stream);
  EXPECT_EQ(y[15], 12);
  EXPECT_EQ(shape[0], 16);
  cudaEventDestroy(consumed);
  cudaStreamDestroy(stream);
}

INSTANTIATE_TEST_SUITE_P(ways, Generation8, testing::Bool());

}  // namespace
