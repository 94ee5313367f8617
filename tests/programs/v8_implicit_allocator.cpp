// Generation 8.6, implicit batch: an allocator that writes down every call and may run out, an error recorder, and contexts whose memory
// the program gives.
#include <cuda_runtime_api.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "check.h"

using namespace nvinfer1;

namespace {

class LoggingAllocator : public IGpuAllocator {
 public:
  void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags) noexcept override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++asked;
    CHECK(alignment != 0 && (alignment & (alignment - 1)) == 0);
    CHECK(flags == 0 || flags == static_cast<AllocatorFlags>(AllocatorFlag::kRESIZABLE));
    if (full) return nullptr;
    void* memory = nullptr;
    if (cudaMalloc(&memory, size) != cudaSuccess) return nullptr;
    held[memory] = size;
    return memory;
  }
  void free(void* const memory) noexcept override { CHECK(give_back(memory)); }
  bool deallocate(void* const memory) noexcept override { return give_back(memory); }
  std::map<void*, uint64_t> held;
  int32_t asked = 0;
  bool full = false;

 private:
  bool give_back(void* memory) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (memory == nullptr) return true;
    return held.erase(memory) == 1 && cudaFree(memory) == cudaSuccess;
  }
  std::mutex mutex_;
};

class Recorder : public IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override { return static_cast<int32_t>(errors.size()); }
  ErrorCode getErrorCode(int32_t index) const noexcept override { return errors.at(static_cast<std::size_t>(index)).first; }
  ErrorDesc getErrorDesc(int32_t index) const noexcept override { return errors.at(static_cast<std::size_t>(index)).second.c_str(); }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override { errors.clear(); }
  bool reportError(ErrorCode code, ErrorDesc text) noexcept override {
    errors.emplace_back(code, text);
    return false;
  }
  RefCount incRefCount() noexcept override { return ++references; }
  RefCount decRefCount() noexcept override { return --references; }
  std::vector<std::pair<ErrorCode, std::string>> errors;
  std::atomic<int32_t> references{0};
};

std::unique_ptr<IHostMemory> build(ShowingLogger& logger, LoggingAllocator& allocator) {
  static std::vector<float> const kernel(16 * 3 * 9, 0.0625f);
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  builder->setGpuAllocator(&allocator);
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0U));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims3(3, 16, 16));
  ITensor* y = x;
  IConvolutionLayer* convolution = network->addConvolutionNd(*y, 16, DimsHW(3, 3), Weights{DataType::kFLOAT, kernel.data(), 16 * 3 * 9},
                                                             Weights{DataType::kFLOAT, nullptr, 0});
  y = network->addSoftMax(*convolution->getOutput(0))->getOutput(0);
  IPoolingLayer* pool = network->addPoolingNd(*y, PoolingType::kAVERAGE, DimsHW(14, 14));
  pool->getOutput(0)->setName("y");
  network->markOutput(*pool->getOutput(0));
  builder->setMaxBatchSize(4);
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

void run(IExecutionContext& context) {
  std::vector<float> x(4 * 3 * 256, 1.0f), y(4 * 16);
  void* bindings[] = {x.data(), y.data()};
  CHECK(context.execute(4, bindings));
  check_values(y, std::vector<float>(y.size(), 1.0f / 16));
}

}  // namespace

int main() {
  ShowingLogger logger;
  LoggingAllocator allocator;
  std::unique_ptr<IHostMemory> plan = build(logger, allocator);
  CHECK(plan != nullptr && allocator.held.empty());
  Recorder recorder;
  {
    std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
    runtime->setGpuAllocator(&allocator);
    runtime->setErrorRecorder(&recorder);
    CHECK(runtime->getErrorRecorder() == &recorder && recorder.references > 0);
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    CHECK(engine != nullptr && !allocator.held.empty());
    std::size_t const with_engine = allocator.held.size();
    {
      std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
      run(*context);
      CHECK(allocator.held.size() > with_engine);
    }
    CHECK(allocator.held.size() == with_engine);

    // The program's own memory: nothing more is asked of the allocator.
    std::unique_ptr<IExecutionContext> bare(engine->createExecutionContextWithoutDeviceMemory());
    CHECK(bare != nullptr && engine->getDeviceMemorySize() > 0);
    int32_t const asked = allocator.asked;
    void* memory = nullptr;
    CHECK(cudaMalloc(&memory, engine->getDeviceMemorySize()) == cudaSuccess);
    bare->setDeviceMemory(memory);
    run(*bare);
    CHECK(allocator.asked == asked && recorder.errors.empty());
    bare.reset();
    cudaFree(memory);

    // An allocator that has nothing left: the recorder is told, and later all is well again.
    logger.quiet = true;
    allocator.full = true;
    std::unique_ptr<IExecutionContext> none(engine->createExecutionContext());
    if (none) {
      std::vector<float> x(4 * 3 * 256, 1.0f), y(4 * 16);
      void* bindings[] = {x.data(), y.data()};
      CHECK(!none->execute(4, bindings));
    }
    CHECK(recorder.getNbErrors() == 1 && recorder.getErrorCode(0) == ErrorCode::kFAILED_ALLOCATION);
    recorder.clear();
    none.reset();
    std::unique_ptr<ICudaEngine> second(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    CHECK(second == nullptr && recorder.getNbErrors() == 1);
    recorder.clear();
    allocator.full = false;
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    run(*context);
  }
  CHECK(allocator.held.empty());
  CHECK(recorder.references == 0);
  return 0;
}
