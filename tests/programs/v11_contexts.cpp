// Generation 11: a strongly typed network, an allocator that writes down what it gives, and several contexts on threads of their own.
#include <cuda_runtime_api.h>

#include <atomic>
#include <memory>
#include <thread>

#include "check.h"

using namespace nvinfer1;

namespace {

class Allocator : public IGpuAsyncAllocator {
 public:
  void* allocateAsync(uint64_t const size, uint64_t const alignment, AllocatorFlags const, cudaStream_t) noexcept override {
    void* memory = nullptr;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || cudaMalloc(&memory, size) != cudaSuccess) return nullptr;
    ++alive;
    bytes += size;
    return memory;
  }
  bool deallocateAsync(void* const memory, cudaStream_t) noexcept override {
    if (memory) --alive;
    return cudaFree(memory) == cudaSuccess;
  }
  std::atomic<int> alive{0};
  std::atomic<uint64_t> bytes{0};
};

// y [n, 16] = softmax(x [n, 16] * w [16, 16])
std::unique_ptr<IHostMemory> build(ShowingLogger& logger, std::vector<float> const& weights) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  CHECK(network->getFlag(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, 16));
  ITensor* w = network->addConstant(Dims2(16, 16), Weights{DataType::kFLOAT, weights.data(), 256})->getOutput(0);
  ITensor* product = network->addMatrixMultiply(*x, MatrixOperation::kNONE, *w, MatrixOperation::kNONE)->getOutput(0);
  ISoftMaxLayer* softmax = network->addSoftMax(*product);
  softmax->setAxes(2);
  softmax->getOutput(0)->setName("y");
  network->markOutput(*softmax->getOutput(0));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->clearFlag(BuilderFlag::kTF32);
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 16));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(4, 16));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(32, 16));
  config->addOptimizationProfile(profile);
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

}  // namespace

int main() {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION && getInferLibMajorVersion() == NV_TENSORRT_MAJOR);
  CHECK(getInferLibMinorVersion() == NV_TENSORRT_MINOR && getInferLibPatchVersion() == NV_TENSORRT_PATCH);
  CHECK(getInferLibBuildVersion() >= 0);
  ShowingLogger logger;
  std::vector<float> weights(256);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(static_cast<int>(i % 13) - 6) / 8;
  std::unique_ptr<IHostMemory> plan = build(logger, weights);
  CHECK(plan != nullptr);
  Allocator allocator;
  {
    std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
    runtime->setGpuAllocator(&allocator);
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    CHECK(engine != nullptr);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&engine, &weights, t] {
        std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
        cudaStream_t stream;
        cudaStreamCreate(&stream);
        for (int round = 0; round < 20; ++round) {
          int64_t const rows = 1 + (round * 5 + t) % 32;
          std::vector<float> x(static_cast<std::size_t>(rows) * 16), y(x.size()), wanted(x.size());
          for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<float>(static_cast<int>(i * 5 + static_cast<std::size_t>(t)) % 17 - 8) / 4;
          for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
            float total = 0;
            for (std::size_t c = 0; c < 16; ++c) {
              float sum = 0;
              for (std::size_t k = 0; k < 16; ++k) sum += x[r * 16 + k] * weights[k * 16 + c];
              total += wanted[r * 16 + c] = std::exp(sum);
            }
            for (std::size_t c = 0; c < 16; ++c) wanted[r * 16 + c] /= total;
          }
          CHECK(context->setInputShape("x", Dims2(rows, 16)));
          CHECK(context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", y.data()));
          CHECK(context->enqueueV3(stream));
          cudaStreamSynchronize(stream);
          check_values(y, wanted, 1e-4f);
        }
        cudaStreamDestroy(stream);
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(allocator.bytes > 0);
  }
  CHECK(allocator.alive == 0);
  return 0;
}
