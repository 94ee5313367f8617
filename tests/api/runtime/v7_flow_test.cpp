// A program of generation 7: an implicit batch, settings on the builder, bindings by index, destroy().
#define INGOT_API 7
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "NvInfer.h"

using namespace nvinfer1;

namespace {

class Logger7 : public ILogger {
 public:
  void log(Severity severity, const char* message) override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

// y = 3 * max(x) + 1 for each image [1, 2, 2].
ICudaEngine* build(Logger7& log, int max_batch) {
  static const float kKernel[] = {1, 2}, kBias[] = {0, 1}, kFull[] = {1, 1}, kOne[] = {1};
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetwork();
  EXPECT_TRUE(network->hasImplicitBatchDimension());
  ITensor* x = network->addInput("x", DataType::kFLOAT, DimsCHW(1, 2, 2));
  EXPECT_EQ(x->getDimensions().nbDims, 3);
  auto* conv = network->addConvolution(*x, 2, DimsHW(1, 1), Weights{DataType::kFLOAT, kKernel, 2}, Weights{DataType::kFLOAT, kBias, 2});
  EXPECT_NE(conv, nullptr) << log.errors;
  EXPECT_EQ(conv->getOutput(0)->getDimensions().d[0], 2);
  auto* scale = network->addScale(*conv->getOutput(0), ScaleMode::kUNIFORM, Weights{DataType::kFLOAT, nullptr, 0},
                                  Weights{DataType::kFLOAT, kOne, 1}, Weights{DataType::kFLOAT, nullptr, 0});
  auto* pool = network->addPooling(*scale->getOutput(0), PoolingType::kMAX, DimsHW(2, 2));
  pool->setStride(DimsHW(2, 2));
  auto* full =
      network->addFullyConnected(*pool->getOutput(0), 1, Weights{DataType::kFLOAT, kFull, 2}, Weights{DataType::kFLOAT, nullptr, 0});
  EXPECT_EQ(full->getOutput(0)->getDimensions().nbDims, 3);
  auto* one = network->addConstant(DimsCHW(1, 1, 1), Weights{DataType::kFLOAT, kOne, 1});
  auto* times = network->addElementWise(*full->getOutput(0), *one->getOutput(0), ElementWiseOperation::kPROD);
  EXPECT_NE(times, nullptr) << log.errors;
  auto* flat = network->addShuffle(*times->getOutput(0));
  flat->setReshapeDimensions(Dims{1, {1}, {}});
  EXPECT_EQ(flat->getOutput(0)->getDimensions().nbDims, 1);
  flat->getOutput(0)->setName("y");
  network->markOutput(*flat->getOutput(0));
  builder->setMaxBatchSize(max_batch);
  builder->setMaxWorkspaceSize(1 << 20);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  network->destroy();
  builder->destroy();
  return engine;
}

TEST(Generation7, implicit_batches_of_any_size) {
  Logger7 log;
  ICudaEngine* built = build(log, 3);
  ASSERT_NE(built, nullptr) << log.errors;
  IHostMemory* plan = built->serialize();
  built->destroy();
  IRuntime* runtime = createInferRuntime(log);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  plan->destroy();
  ASSERT_NE(engine, nullptr) << log.errors;
  EXPECT_EQ(engine->getNbBindings(), 2);
  EXPECT_EQ(engine->getMaxBatchSize(), 3);
  EXPECT_TRUE(engine->hasImplicitBatchDimension());
  EXPECT_EQ(engine->getBindingIndex("y"), 1);
  EXPECT_TRUE(engine->bindingIsInput(0));
  EXPECT_EQ(engine->getBindingDimensions(0).nbDims, 3);
  EXPECT_EQ(engine->getBindingDimensions(1).d[0], 1);

  IExecutionContext* context = engine->createExecutionContext();
  const std::vector<float> images = {1, 0, 0, 0, 0, 2, 1, 1, -3, -4, -5, -6};
  float* device[2];
  cudaMalloc(reinterpret_cast<void**>(&device[0]), images.size() * sizeof(float));
  cudaMalloc(reinterpret_cast<void**>(&device[1]), 3 * sizeof(float));
  cudaMemcpy(device[0], images.data(), images.size() * sizeof(float), cudaMemcpyHostToDevice);
  void* bindings[] = {device[0], device[1]};
  float answers[3] = {};
  ASSERT_TRUE(context->execute(3, bindings)) << log.errors;
  cudaMemcpy(answers, device[1], sizeof answers, cudaMemcpyDeviceToHost);
  EXPECT_FLOAT_EQ(answers[0], 4);
  EXPECT_FLOAT_EQ(answers[1], 7);
  EXPECT_FLOAT_EQ(answers[2], -8);

  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaMemset(device[1], 0, sizeof answers);
  ASSERT_TRUE(context->enqueue(1, bindings, stream, nullptr)) << log.errors;
  cudaStreamSynchronize(stream);
  cudaMemcpy(answers, device[1], sizeof answers, cudaMemcpyDeviceToHost);
  EXPECT_FLOAT_EQ(answers[0], 4);
  EXPECT_FLOAT_EQ(answers[1], 0);
  EXPECT_FALSE(context->execute(4, bindings));
  EXPECT_NE(log.errors.find("1 to 3"), std::string::npos) << log.errors;
  cudaStreamDestroy(stream);
  cudaFree(device[0]);
  cudaFree(device[1]);
  context->destroy();
  engine->destroy();
  runtime->destroy();
}

TEST(Generation7, softmax_concatenation_and_top_k_count_dimensions_without_the_batch) {
  Logger7 log;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetworkV2(0);
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims3(2, 1, 1));
  auto* softmax = network->addSoftMax(*x);
  EXPECT_EQ(softmax->getAxes(), 1u);
  ITensor* both[] = {softmax->getOutput(0), x};
  auto* joined = network->addConcatenation(both, 2);
  EXPECT_EQ(joined->getAxis(), 0);
  EXPECT_EQ(joined->getOutput(0)->getDimensions().d[0], 4);
  auto* best = network->addTopK(*joined->getOutput(0), TopKOperation::kMAX, 1, 1);
  ASSERT_NE(best, nullptr) << log.errors;
  network->markOutput(*best->getOutput(0));
  IBuilderConfig* config = builder->createBuilderConfig();
  builder->setMaxBatchSize(2);
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  ASSERT_NE(engine, nullptr) << log.errors;
  IExecutionContext* context = engine->createExecutionContext();
  float in[] = {0, 0, 3, 9}, out[2] = {};
  void* bindings[] = {in, out};
  ASSERT_TRUE(context->execute(2, bindings)) << log.errors;
  EXPECT_FLOAT_EQ(out[0], 0.5);
  EXPECT_FLOAT_EQ(out[1], 9);
  EXPECT_EQ(network->addShape(*x), nullptr);
  context->destroy();
  engine->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();
}

}  // namespace
