// What several threads may do at once: build with builders of their own, load with one runtime, make and run contexts of one engine, ask
// the engine and the registry.
#include <atomic>
#include <mutex>
#include <thread>

#include "harness.h"

using namespace harness;

namespace {

class SafeMessages final : public ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity > Severity::kERROR) return;
    const std::lock_guard lock(mutex_);
    errors += std::string(message) + "\n";
  }
  std::string errors;

 private:
  std::mutex mutex_;
};

void at_once(int count, const std::function<void(int)>& work) {
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t) {
    threads.emplace_back([&, t] {
      while (!go) std::this_thread::yield();
      work(t);
    });
  }
  go = true;
  for (std::thread& thread : threads) thread.join();
}

// y = factor * x for x [n, 8]
std::unique_ptr<IHostMemory> plan_of(SafeMessages& log, const float* factor) {
  const std::unique_ptr<IBuilder> builder(createInferBuilder(log));
  const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims2(-1, 8));
  ITensor& constant = *network->addConstant(Dims2(1, 1), Weights{DataType::kFLOAT, factor, 1})->getOutput(0);
  ITensor& y = *network->addElementWise(x, constant, ElementWiseOperation::kPROD)->getOutput(0);
  y.setName("y");
  network->markOutput(y);
  const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 8));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(4, 8));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(64, 8));
  config->addOptimizationProfile(profile);
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

// Runs batches of several sizes; false where a value is wrong.
bool runs(ICudaEngine& engine, float factor, int rounds) {
  const std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  cudaStream_t stream;
  if (!context || cudaStreamCreate(&stream) != cudaSuccess) return false;
  bool right = true;
  for (int round = 0; round < rounds && right; ++round) {
    const int64_t rows = 1 + round * 13 % 64;
    std::vector<float> x(static_cast<size_t>(rows) * 8), y(x.size());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - static_cast<float>(round);
    right = context->setInputShape("x", Dims2(rows, 8)) && context->setTensorAddress("x", x.data()) &&
            context->setTensorAddress("y", y.data()) && context->enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess;
    for (size_t i = 0; i < x.size() && right; ++i) right = y[i] == factor * x[i];
  }
  cudaStreamDestroy(stream);
  return right;
}

TEST(Threads, build_load_and_run_by_themselves) {
  SafeMessages log;
  std::atomic<int> right{0};
  at_once(4, [&](int t) {
    const float factor = static_cast<float>(t + 2);
    const std::unique_ptr<IHostMemory> plan = plan_of(log, &factor);
    const std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
    if (!plan || !runtime) return;
    const std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    right += engine && runs(*engine, factor, 5);
  });
  EXPECT_EQ(right, 4) << log.errors;
}

TEST(Threads, share_a_runtime_and_an_engine) {
  SafeMessages log;
  const float factor = 3;
  const std::unique_ptr<IHostMemory> plan = plan_of(log, &factor);
  ASSERT_NE(plan, nullptr) << log.errors;
  const std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  const std::unique_ptr<ICudaEngine> shared(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_NE(shared, nullptr) << log.errors;
  std::atomic<int> right{0};
  at_once(6, [&](int t) {
    switch (t % 3) {
      case 0: right += runs(*shared, factor, 20); break;
      case 1: {
        const std::unique_ptr<ICudaEngine> own(runtime->deserializeCudaEngine(plan->data(), plan->size()));
        right += own && runs(*own, factor, 5);
        break;
      }
      default: {
        bool good = true;
        for (int i = 0; i < 20 && good; ++i) {
          int32_t count = 0;
          getPluginRegistry()->getAllCreators(&count);
          const std::unique_ptr<IEngineInspector> inspector(shared->createEngineInspector());
          const std::unique_ptr<IHostMemory> again(shared->serialize());
          good = count >= 0 && again && again->size() > 0 && inspector->getEngineInformation(LayerInformationFormat::kJSON) != nullptr &&
                 shared->getTensorShape("x").d[1] == 8 && shared->getNbIOTensors() == 2;
        }
        right += good;
      }
    }
  });
  EXPECT_EQ(right, 6) << log.errors;
}

}  // namespace
