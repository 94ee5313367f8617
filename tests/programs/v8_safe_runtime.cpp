// Generation 8: the safe runtime, the consistency checker and the helpers that reorder weights.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>

#include "NvInferConsistency.h"
#include "NvInferSafeRuntime.h"
#include "NvUtils.h"
#include "check.h"

using namespace nvinfer1;

int main() {
  ShowingLogger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(2, 2));
  ITensor* y = network->addUnary(*x, UnaryOperation::kNEG)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);

  std::unique_ptr<consistency::IConsistencyChecker> checker(consistency::createConsistencyChecker(logger, plan->data(), plan->size()));
  CHECK(checker != nullptr && checker->validate());
  std::vector<char> damaged(plan->size());
  std::memcpy(damaged.data(), plan->data(), plan->size());
  damaged[damaged.size() / 2] ^= 1;
  logger.quiet = true;
  std::unique_ptr<consistency::IConsistencyChecker> second(consistency::createConsistencyChecker(logger, damaged.data(), damaged.size()));
  CHECK(second != nullptr && !second->validate());
  CHECK(consistency::createConsistencyChecker(logger, nullptr, 0) == nullptr);

  std::unique_ptr<safe::IRuntime> runtime(safe::createInferRuntime(logger));
  CHECK(runtime != nullptr);
  CHECK(runtime->deserializeCudaEngine(damaged.data(), damaged.size()) == nullptr);
  std::unique_ptr<safe::ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr && engine->getNbBindings() == 2 && engine->getBindingIndex("y") == 1);
  CHECK(engine->getTensorShape("x").nbDims == 2 && engine->getTensorShape("x").d[1] == 2);
  std::unique_ptr<safe::IExecutionContext> context(engine->createExecutionContext());
  CHECK(context != nullptr && &context->getEngine() == engine.get());
  std::vector<float> in{1, -2, 3, 4}, out(4);
  CHECK(context->setInputTensorAddress("x", in.data()) && context->setOutputTensorAddress("y", out.data()));
  CHECK(!context->setOutputTensorAddress("x", out.data()));
  CHECK(context->getInputTensorAddress("x") == in.data() && context->getInputTensorAddress("z") == nullptr);
  CHECK(context->getErrorBuffer() == nullptr);
  context->setErrorBuffer(nullptr);
  CHECK(context->getErrorBuffer() == nullptr);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  CHECK(context->enqueueV3(stream));
  cudaStreamSynchronize(stream);
  check_values(out, {-1, 2, -3, -4});
  void* bindings[2] = {out.data(), in.data()};
  CHECK(context->enqueueV2(bindings, stream, nullptr));
  cudaStreamSynchronize(stream);
  check_values(in, {1, -2, 3, 4});
  cudaStreamDestroy(stream);
  CHECK(safe::getSafePluginRegistry() != nullptr &&
        getBuilderSafePluginRegistry(EngineCapability::kSAFETY) == safe::getSafePluginRegistry());

  // [2, 3] in the order {1, 0} is its transpose.
  std::vector<float> weights{1, 2, 3, 4, 5, 6}, reordered(6);
  int32_t const shape[] = {2, 3}, order[] = {1, 0}, twice[] = {1, 1}, blocks[] = {2, 0, 1};
  CHECK(utils::reshapeWeights(Weights{DataType::kFLOAT, weights.data(), 6}, shape, order, reordered.data(), 2));
  check_values(reordered, {1, 4, 2, 5, 3, 6});
  CHECK(!utils::reshapeWeights(Weights{DataType::kFLOAT, weights.data(), 5}, shape, order, reordered.data(), 2));
  CHECK(!utils::reshapeWeights(Weights{DataType::kFLOAT, weights.data(), 6}, shape, twice, reordered.data(), 2));
  CHECK(utils::reorderSubBuffers(weights.data(), blocks, 3, 8));
  check_values(weights, {5, 6, 1, 2, 3, 4});
  CHECK(utils::transposeSubBuffers(weights.data(), DataType::kFLOAT, 1, 3, 2));
  check_values(weights, {5, 1, 3, 6, 2, 4});
  CHECK(!utils::transposeSubBuffers(nullptr, DataType::kFLOAT, 1, 3, 2));
  return 0;
}
