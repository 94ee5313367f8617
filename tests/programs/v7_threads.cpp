// Generation 7: one engine with a dynamic length, read from a plan in a file; threads have a context, a profile and a stream each.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kWidth = 8, kThreads = 4;

struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    if (object) object->destroy();
  }
};
template <typename T>
using Unique = std::unique_ptr<T, Destroy>;

// y [n] = sum over the width of sigmoid(x [n, 8]) * w [1, 8]
std::vector<float> const factors{1, -2, 3, -4, 5, -6, 7, -8};

std::vector<float> answer(std::vector<float> const& x) {
  std::vector<float> y(x.size() / kWidth, 0);
  for (std::size_t i = 0; i < x.size(); ++i) y[i / kWidth] += factors[i % kWidth] / (1 + std::exp(-x[i]));
  return y;
}

void build(ShowingLogger& logger, std::string const& file) {
  Unique<IBuilder> builder(createInferBuilder(logger));
  Unique<INetworkDefinition> network(builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, kWidth));
  ITensor* sigmoid = network->addActivation(*x, ActivationType::kSIGMOID)->getOutput(0);
  ITensor* w = network->addConstant(Dims2(1, kWidth), Weights{DataType::kFLOAT, factors.data(), kWidth})->getOutput(0);
  ITensor* product = network->addElementWise(*sigmoid, *w, ElementWiseOperation::kPROD)->getOutput(0);
  IReduceLayer* sum = network->addReduce(*product, ReduceOperation::kSUM, 1U << 1, false);
  sum->getOutput(0)->setName("y");
  network->markOutput(*sum->getOutput(0));
  Unique<IBuilderConfig> config(builder->createBuilderConfig());
  config->setMaxWorkspaceSize(1 << 20);
  // Each thread uses a profile of its own: contexts of this generation may not share one.
  for (int t = 0; t < kThreads; ++t) {
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, kWidth));
    profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(8 * (t + 1), kWidth));
    profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(16 * (t + 1), kWidth));
    CHECK(config->addOptimizationProfile(profile) == t);
  }
  Unique<ICudaEngine> engine(builder->buildEngineWithConfig(*network, *config));
  CHECK(engine != nullptr);
  Unique<IHostMemory> plan(engine->serialize());
  std::ofstream(file, std::ios::binary).write(static_cast<char const*>(plan->data()), static_cast<std::streamsize>(plan->size()));
}

void serve(ICudaEngine* engine, int thread) {
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  Unique<IExecutionContext> context(engine->createExecutionContext());
  CHECK(context != nullptr && context->setOptimizationProfileAsync(thread, stream));
  CHECK(context->getOptimizationProfile() == thread);
  int const per_profile = engine->getNbBindings() / engine->getNbOptimizationProfiles(), in = per_profile * thread, out = in + 1;
  std::vector<void*> bindings(static_cast<std::size_t>(engine->getNbBindings()), nullptr);
  for (int round = 0; round < 25; ++round) {
    int const rows = 1 + (round * 7 + thread) % (16 * (thread + 1));
    std::vector<float> x(static_cast<std::size_t>(rows) * kWidth), y(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(static_cast<int>(i * 3 + static_cast<std::size_t>(round)) % 19 - 9) / 3;
    CHECK(context->setBindingDimensions(in, Dims2(rows, kWidth)));
    CHECK(context->allInputDimensionsSpecified() && context->allInputShapesSpecified());
    bindings[static_cast<std::size_t>(in)] = x.data();
    bindings[static_cast<std::size_t>(out)] = y.data();
    CHECK(context->enqueueV2(bindings.data(), stream, nullptr));
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    check_values(y, answer(x), 1e-4f);
  }
  // No more rows than the profile of this thread has.
  CHECK(!context->setBindingDimensions(in, Dims2(16 * (thread + 1) + 1, kWidth)));
  cudaStreamDestroy(stream);
}

}  // namespace

int main(int, char** arguments) {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
  ShowingLogger logger;
  std::string const file = std::string(arguments[1]) + "/v7_threads.plan";
  build(logger, file);
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> const plan((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  Unique<IRuntime> runtime(createInferRuntime(logger));
  Unique<ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size(), nullptr));
  CHECK(engine != nullptr && engine->getNbOptimizationProfiles() == kThreads);
  logger.quiet = true;  // the threads ask for too much on purpose
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(serve, engine.get(), t);
  for (std::thread& thread : threads) thread.join();
  return 0;
}
