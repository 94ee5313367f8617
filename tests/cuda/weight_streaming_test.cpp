// Weights beyond the program's budget stay in the host's memory, on the emulated GPU.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace {

using namespace nvinfer1;

class Messages final : public ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

constexpr int64_t kWidth = 64;

std::unique_ptr<IHostMemory> build(ILogger& log, bool streamed) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(log));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  if (streamed) config->setFlag(BuilderFlag::kWEIGHT_STREAMING);
  ITensor* value = network->addInput("x", DataType::kFLOAT, Dims2(2, kWidth));
  std::vector<std::vector<float>> weights(3, std::vector<float>(kWidth * kWidth));
  for (size_t layer = 0; layer < weights.size(); ++layer) {
    for (size_t i = 0; i < weights[layer].size(); ++i) weights[layer][i] = static_cast<float>((i * 7 + layer) % 13) / 64 - 0.1f;
    const Weights given{DataType::kFLOAT, weights[layer].data(), kWidth * kWidth};
    ITensor* constant = network->addConstant(Dims2(kWidth, kWidth), given)->getOutput(0);
    value = network->addMatrixMultiply(*value, MatrixOperation::kNONE, *constant, MatrixOperation::kNONE)->getOutput(0);
    value = network->addActivation(*value, ActivationType::kTANH)->getOutput(0);
  }
  value->setName("y");
  network->markOutput(*value);
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

std::vector<float> run(IExecutionContext& context) {
  std::vector<float> x(2 * kWidth), y(2 * kWidth);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 2;
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, 0);
  void *in = nullptr, *out = nullptr;
  cudaMalloc(&in, x.size() * sizeof(float));
  cudaMalloc(&out, x.size() * sizeof(float));
  cudaMemcpy(in, x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice);
  EXPECT_TRUE(context.setTensorAddress("x", in) && context.setTensorAddress("y", out) && context.enqueueV3(stream));
  cudaStreamSynchronize(stream);
  cudaMemcpy(y.data(), out, y.size() * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(in);
  cudaFree(out);
  cudaStreamDestroy(stream);
  return y;
}

long host_bytes() {
  auto count = reinterpret_cast<long (*)(const char*)>(dlsym(RTLD_DEFAULT, "emulatedCount"));
  return count ? count("host bytes") : -1;
}

TEST(WeightStreaming, weights_beyond_the_budget_stay_on_the_host) {
  Messages log;
  auto plan = build(log, true);
  ASSERT_TRUE(plan) << log.errors;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_TRUE(engine) << log.errors;
  const int64_t all = engine->getStreamableWeightsSize(), one = kWidth * kWidth * 4;
  EXPECT_GE(all, 3 * one);
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), all);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  const std::vector<float> wanted = run(*context);

  EXPECT_FALSE(engine->setWeightStreamingBudgetV2(0));
  EXPECT_NE(log.errors.find("1 live"), std::string::npos) << log.errors;
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), all);
  context.reset();

  long before = host_bytes();
  ASSERT_TRUE(engine->setWeightStreamingBudgetV2(0)) << log.errors;
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), 0);
  EXPECT_GE(host_bytes() - before, 3 * one);
  context.reset(engine->createExecutionContext());
  EXPECT_EQ(run(*context), wanted);
  context.reset();

  before = host_bytes();
  ASSERT_TRUE(engine->setWeightStreamingBudgetV2(all - one)) << log.errors;
  const long some = host_bytes() - before;
  EXPECT_GE(some, one);
  EXPECT_LT(some, 2 * one);
  context.reset(engine->createExecutionContext());
  EXPECT_EQ(run(*context), wanted);
  context.reset();

  before = host_bytes();
  ASSERT_TRUE(engine->setWeightStreamingBudgetV2(all + 1));
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), all);
  context.reset(engine->createExecutionContext());
  EXPECT_EQ(run(*context), wanted);
  EXPECT_LT(host_bytes() - before, one);
}

TEST(WeightStreaming, an_engine_without_it_streams_nothing) {
  Messages log;
  auto plan = build(log, false);
  ASSERT_TRUE(plan) << log.errors;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_TRUE(engine) << log.errors;
  EXPECT_EQ(engine->getStreamableWeightsSize(), 0);
  const long before = host_bytes();
  EXPECT_TRUE(engine->setWeightStreamingBudgetV2(0));
  EXPECT_LT(host_bytes() - before, kWidth * kWidth * 4);
}

}  // namespace
