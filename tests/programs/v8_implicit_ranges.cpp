// Generation 8.6, implicit batch: int8 by dynamic ranges on every tensor in place of a calibrator, with one layer held in fp32.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int32_t kChannels = 16, kSide = 8, kBatch = 3, kClasses = 5, kVolume = kChannels * kSide * kSide;

float number(int32_t i) { return static_cast<float>(i * 71 % 127 - 63) / 63; }

std::vector<float> numbers(int32_t count, float factor) {
  std::vector<float> values;
  for (int32_t i = 0; i < count; ++i) values.push_back(number(i * 3 + count) * factor);
  return values;
}

std::vector<float> const kernel = numbers(kChannels * kChannels * 9, 0.1f), matrix = numbers(kClasses * kChannels, 0.5f);

Weights view(std::vector<float> const& values) { return Weights{DataType::kFLOAT, values.data(), static_cast<int64_t>(values.size())}; }

// The network with the largest magnitude of each tensor, measured when `ranges` is empty.
std::unique_ptr<ICudaEngine> build(ShowingLogger& logger, std::vector<float> const& ranges) {
  Weights const none{DataType::kFLOAT, nullptr, 0};
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0U));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims3(kChannels, kSide, kSide));
  IConvolutionLayer* convolution = network->addConvolutionNd(*x, kChannels, DimsHW(3, 3), view(kernel), none);
  convolution->setPaddingNd(DimsHW(1, 1));
  convolution->setName("convolution");
  IActivationLayer* relu = network->addActivation(*convolution->getOutput(0), ActivationType::kRELU);
  relu->setName("relu");
  IPoolingLayer* pool = network->addPoolingNd(*relu->getOutput(0), PoolingType::kAVERAGE, DimsHW(kSide, kSide));
  pool->setName("pool");
  IFullyConnectedLayer* full = network->addFullyConnected(*pool->getOutput(0), kClasses, view(matrix), none);
  full->setName("full");
  full->setPrecision(DataType::kFLOAT);
  full->setOutputType(0, DataType::kFLOAT);
  CHECK(full->precisionIsSet() && full->getPrecision() == DataType::kFLOAT && full->outputTypeIsSet(0));
  CHECK(!pool->precisionIsSet());
  ITensor* tensors[] = {x, convolution->getOutput(0), relu->getOutput(0), pool->getOutput(0), full->getOutput(0)};
  char const* names[] = {"x", "sums", "positive", "means", "y"};
  for (int32_t i = 0; i < 5; ++i) tensors[i]->setName(names[i]);
  network->markOutput(*full->getOutput(0));
  if (ranges.empty()) {
    // Every inner tensor is shown, so that its range can be read.
    for (int32_t i = 1; i < 4; ++i) network->markOutput(*tensors[i]);
  }
  builder->setMaxBatchSize(kBatch);
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  if (!ranges.empty()) {
    config->setFlag(BuilderFlag::kINT8);
    config->setFlag(BuilderFlag::kOBEY_PRECISION_CONSTRAINTS);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      CHECK(tensors[i]->setDynamicRange(-ranges[i], ranges[i]) && tensors[i]->dynamicRangeIsSet());
      CHECK(tensors[i]->getDynamicRangeMax() == ranges[i] && tensors[i]->getDynamicRangeMin() == -ranges[i]);
    }
  }
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  return std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(plan->data(), plan->size()));
}

// All outputs by the binding's name.
std::vector<float> run(ICudaEngine& engine, std::vector<float>& in, char const* wanted) {
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  std::vector<std::vector<float>> outputs(static_cast<std::size_t>(engine.getNbBindings()));
  std::vector<void*> bindings(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].resize(kBatch * kVolume);
    bindings[i] = engine.bindingIsInput(static_cast<int32_t>(i)) ? in.data() : outputs[i].data();
  }
  CHECK(context->execute(kBatch, bindings.data()));
  int32_t const index = engine.getBindingIndex(wanted);
  CHECK(index >= 0);
  Dims const dims = engine.getBindingDimensions(index);
  std::size_t count = kBatch;
  for (int32_t d = 0; d < dims.nbDims; ++d) count *= static_cast<std::size_t>(dims.d[d]);
  outputs[static_cast<std::size_t>(index)].resize(count);
  return outputs[static_cast<std::size_t>(index)];
}

float largest(std::vector<float> const& values) {
  float most = 0;
  for (float value : values) most = std::max(most, std::fabs(value));
  return most;
}

}  // namespace

int main() {
  ShowingLogger logger;
  std::vector<float> x(kBatch * kVolume);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = number(static_cast<int32_t>(i) * 7 + 5);
  std::unique_ptr<ICudaEngine> full = build(logger, {});
  CHECK(full != nullptr);
  std::vector<float> ranges{largest(x)};
  for (char const* name : {"sums", "positive", "means", "y"}) ranges.push_back(largest(run(*full, x, name)));
  std::vector<float> const wanted = run(*full, x, "y");
  std::unique_ptr<ICudaEngine> quantized = build(logger, ranges);
  CHECK(quantized != nullptr);
  std::vector<float> const got = run(*quantized, x, "y");
  check_values(got, wanted, 0.03f * ranges.back());
  CHECK(got != wanted);
  // Ranges that are far too small cut the values off.
  for (float& range : ranges) range /= 8;
  std::unique_ptr<ICudaEngine> cut = build(logger, ranges);
  CHECK(largest(run(*cut, x, "y")) < 0.5f * largest(wanted));
  return 0;
}
