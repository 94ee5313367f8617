// Types as hints, as up to generation 10: weights and constants of another floating type than the tensors that they meet.
#define INGOT_API 8
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <functional>
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

constexpr uint16_t kOne = 0x3c00, kTwo = 0x4000;  // as half

struct WeakTypes : testing::Test {
  Logger8 log;
  std::unique_ptr<IBuilder> builder{createInferBuilder(log)};
  std::unique_ptr<INetworkDefinition> network{
      builder->createNetworkV2(1u << static_cast<int>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH))};
  std::unique_ptr<IBuilderConfig> config{builder->createBuilderConfig()};
  const std::vector<uint16_t> ones = std::vector<uint16_t>(9, kOne), twos = std::vector<uint16_t>(9, kTwo);
  const std::vector<float> floats = std::vector<float>(9, 0.5f);
  const Weights none{DataType::kFLOAT, nullptr, 0};
  std::function<void(ICudaEngine&)> change;  // of the engine before it runs
  Weights half(const std::vector<uint16_t>& values, int64_t count) { return {DataType::kHALF, values.data(), count}; }
  Weights single(int64_t count) { return {DataType::kFLOAT, floats.data(), count}; }

  // What `y` is for an input x of 1 to 9, both in floats of their own types.
  template <class T>
  std::vector<T> run(ITensor& y, const std::vector<T>& x, size_t count) {
    network->markOutput(y);
    std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    EXPECT_NE(plan, nullptr) << log.errors;
    if (!plan) return {};
    std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    if (change) change(*engine);
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    std::vector<T> values(count);
    EXPECT_TRUE(context->setTensorAddress("x", const_cast<T*>(x.data())));
    EXPECT_TRUE(context->setTensorAddress(y.getName(), values.data()));
    EXPECT_TRUE(context->enqueueV3(nullptr)) << log.errors;
    cudaStreamSynchronize(nullptr);
    return values;
  }
};

TEST_F(WeakTypes, half_weights_serve_float_tensors) {
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims4(1, 1, 3, 3));
  IConvolutionLayer* convolution = network->addConvolutionNd(x, 1, DimsHW(3, 3), half(ones, 9), single(1));
  ASSERT_NE(convolution, nullptr) << log.errors;
  IConstantLayer* two = network->addConstant(Dims4(1, 1, 1, 1), half(twos, 1));
  IElementWiseLayer* sum = network->addElementWise(*two->getOutput(0), *convolution->getOutput(0), ElementWiseOperation::kSUM);
  ASSERT_NE(sum, nullptr) << log.errors;
  IScaleLayer* scale = network->addScale(*sum->getOutput(0), ScaleMode::kUNIFORM, none, half(twos, 1), none);
  ASSERT_NE(scale, nullptr) << log.errors;
  IDeconvolutionLayer* spread = network->addDeconvolutionNd(*scale->getOutput(0), 1, DimsHW(1, 2), half(ones, 2), none);
  ASSERT_NE(spread, nullptr) << log.errors;
  ITensor* both[] = {spread->getOutput(0), network->addConstant(Dims4(1, 1, 1, 1), half(twos, 1))->getOutput(0)};
  IConcatenationLayer* joined = network->addConcatenation(both, 2);
  ASSERT_NE(joined, nullptr) << log.errors;
  joined->setAxis(3);
  joined->getOutput(0)->setName("y");
  EXPECT_EQ(run<float>(*joined->getOutput(0), {1, 2, 3, 4, 5, 6, 7, 8, 9}, 3), (std::vector<float>{95, 95, 2}));
  EXPECT_EQ(log.errors, "");
}

TEST_F(WeakTypes, kernels_that_are_set_later_too) {
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims4(1, 1, 3, 3));
  IConvolutionLayer* convolution = network->addConvolutionNd(x, 1, DimsHW(3, 3), single(9), none);
  ASSERT_NE(convolution, nullptr) << log.errors;
  convolution->setKernelWeights(half(twos, 9));
  convolution->setBiasWeights(half(ones, 1));
  convolution->getOutput(0)->setName("y");
  EXPECT_EQ(run<float>(*convolution->getOutput(0), {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1), (std::vector<float>{91}));
}

TEST_F(WeakTypes, float_weights_serve_half_tensors) {
  ITensor& x = *network->addInput("x", DataType::kHALF, Dims4(1, 1, 3, 3));
  IFullyConnectedLayer* full = network->addFullyConnected(x, 1, single(9), none);
  ASSERT_NE(full, nullptr) << log.errors;
  full->getOutput(0)->setName("y");
  full->getOutput(0)->setType(DataType::kHALF);
  EXPECT_EQ(run<uint16_t>(*full->getOutput(0), std::vector<uint16_t>(9, kTwo), 1), (std::vector<uint16_t>{0x4880}));
  EXPECT_EQ(log.errors, "");
}

TEST_F(WeakTypes, refits_take_what_the_network_took) {
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims4(1, 1, 3, 3));
  IConvolutionLayer* convolution = network->addConvolutionNd(x, 1, DimsHW(3, 3), half(ones, 9), none);
  ASSERT_NE(convolution, nullptr) << log.errors;
  convolution->setName("sum");
  convolution->getOutput(0)->setName("y");
  config->setFlag(BuilderFlag::kREFIT);
  change = [&](ICudaEngine& engine) {
    std::unique_ptr<IRefitter> refitter(createInferRefitter(engine, log));
    EXPECT_FALSE(refitter->setWeights("sum", WeightsRole::kKERNEL, Weights{DataType::kINT8, twos.data(), 9}));
    EXPECT_NE(log.errors.find("9 values of float are wanted"), std::string::npos) << log.errors;
    EXPECT_TRUE(refitter->setWeights("sum", WeightsRole::kKERNEL, half(twos, 9))) << log.errors;
    EXPECT_TRUE(refitter->refitCudaEngine()) << log.errors;
  };
  EXPECT_EQ(run<float>(*convolution->getOutput(0), {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1), (std::vector<float>{90}));
}

TEST_F(WeakTypes, strong_ones_stay_apart) {
  network.reset(builder->createNetworkV2(1u << static_cast<int>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH) |
                                         1u << static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims4(1, 1, 3, 3));
  EXPECT_EQ(network->addConvolutionNd(x, 1, DimsHW(3, 3), half(ones, 9), none), nullptr);
  EXPECT_NE(log.errors.find("of one type"), std::string::npos) << log.errors;
}

}  // namespace
