// The n-th allocation fails, for every n of building, loading and running a small model through the public API: each time the program
// gets an error or the right answer, and what failed leaves nothing behind.
#include <NvInfer.h>
#include <NvOnnxParser.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

std::atomic<int64_t> allocations{0}, live{0}, failing{-1};

void* take(size_t size, size_t alignment) {
  if (allocations.fetch_add(1) + 1 == failing.load()) return nullptr;
  void* memory =
      alignment <= 16 ? std::malloc(size ? size : 1) : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory) live.fetch_add(1);
  return memory;
}
void* take_or_throw(size_t size, size_t alignment = 16) {
  if (void* memory = take(size, alignment)) return memory;
  throw std::bad_alloc();
}
void give(void* memory) {
  if (!memory) return;
  live.fetch_sub(1);
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return take_or_throw(size); }
void* operator new[](size_t size) { return take_or_throw(size); }
void* operator new(size_t size, std::align_val_t alignment) { return take_or_throw(size, static_cast<size_t>(alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return take_or_throw(size, static_cast<size_t>(alignment)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return take(size, 16); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return take(size, 16); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, size_t) noexcept { give(memory); }
void operator delete[](void* memory, size_t) noexcept { give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { give(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { give(memory); }

namespace {

class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR && message) ++errors;
  }
  int errors = 0;
};

// Fails the n-th call; the memory of what it gave is counted.
class Allocator final : public nvinfer1::IGpuAllocator {
 public:
  void* allocate(uint64_t size, uint64_t alignment, nvinfer1::AllocatorFlags) noexcept override {
    if (++calls == failing_call) return nullptr;
    ++given;
    const size_t step = alignment < 64 ? 64 : static_cast<size_t>(alignment);
    return std::aligned_alloc(step, (static_cast<size_t>(size) + step) / step * step);
  }
  bool deallocate(void* memory) noexcept override {
    if (memory) --given;
    std::free(memory);
    return true;
  }
  void free(void* memory) noexcept override { deallocate(memory); }
  int calls = 0, failing_call = -1, given = 0;
};

std::string file_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string model_bytes;
Logger logger;
// One for all: a stream's own thread ends some time after the stream, which would blur the count of what is live.
cudaStream_t stream = nullptr;

// The plan's bytes, or nothing where a step failed.
std::unique_ptr<nvinfer1::IHostMemory> build() {
  std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  if (!builder) return nullptr;
  std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(0));
  std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  if (!network || !config) return nullptr;
  config->setBuilderOptimizationLevel(0);
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  if (!parser || !parser->parse(model_bytes.data(), model_bytes.size())) return nullptr;
  nvinfer1::IOptimizationProfile* profile = builder->createOptimizationProfile();
  if (!profile) return nullptr;
  nvinfer1::ITensor* tensor = network->getInput(0);
  if (!tensor) return nullptr;
  const char* input = tensor->getName();
  nvinfer1::Dims dims = tensor->getDimensions();
  if (dims.nbDims <= 0) return nullptr;
  dims.d[0] = 2;
  for (auto selector : {nvinfer1::OptProfileSelector::kMIN, nvinfer1::OptProfileSelector::kOPT, nvinfer1::OptProfileSelector::kMAX}) {
    if (!profile->setDimensions(input, selector, dims)) return nullptr;
  }
  if (config->addOptimizationProfile(profile) < 0) return nullptr;
  return std::unique_ptr<nvinfer1::IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

constexpr size_t kElements = 2 * 3 * 8 * 8;  // of the input, and more than the output has

// Whether the plan was loaded and ran; the answer is then in `output`.
bool run(const void* plan, size_t size, float* input, float* output, Allocator* allocator = nullptr) {
  std::unique_ptr<nvinfer1::IRuntime> runtime(nvinfer1::createInferRuntime(logger));
  if (!runtime) return false;
  if (allocator) runtime->setGpuAllocator(allocator);
  std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime->deserializeCudaEngine(plan, size));
  if (!engine) return false;
  std::unique_ptr<nvinfer1::IExecutionContext> context(engine->createExecutionContext());
  if (!context) return false;
  const char* in = engine->getIOTensorName(0);
  const char* out = engine->getIOTensorName(1);
  if (!in || !out) return false;
  if (!context->setInputShape(in, nvinfer1::Dims4(2, 3, 8, 8))) return false;
  if (!context->setTensorAddress(in, input) || !context->setTensorAddress(out, output)) return false;
  return context->enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess;
}

// Calls `work` with the n-th allocation failing, n = 1, 2, ... until all of them succeed; `work` tells whether it succeeded.
template <class Work>
int64_t fail_each(Work work) {
  EXPECT_TRUE(work()) << "without a failure";
  EXPECT_TRUE(work()) << "without a failure, a second time";
  int64_t failures = 0;
  const int64_t before = live.load();
  for (int64_t n = 1;; ++n) {
    allocations = 0;
    failing = n;
    logger.errors = 0;
    const bool succeeded = work();
    failing = -1;
    const bool reached = allocations.load() >= n;
    if (!succeeded) ++failures;
    EXPECT_EQ(live.load(), before) << "allocation " << n << (succeeded ? ": left behind by a success" : ": left behind by an error");
    if (!reached) {
      EXPECT_TRUE(succeeded);
      ::testing::Test::RecordProperty("failed_allocations", static_cast<int>(n - 1));
      return failures;
    }
    if (::testing::Test::HasFailure()) return failures;
  }
}

class OutOfMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(stream || cudaStreamCreate(&stream) == cudaSuccess);
    model_bytes = file_bytes(INGOT_MODEL);
    ASSERT_FALSE(model_bytes.empty());
    plan_ = build();
    ASSERT_TRUE(plan_);
    for (size_t i = 0; i < kElements; ++i) input_[i] = static_cast<float>(static_cast<int>(i % 7) - 3);
    ASSERT_TRUE(run(plan_->data(), plan_->size(), input_, wanted_));
  }
  bool runs_right() {
    float output[kElements] = {};
    if (!run(plan_->data(), plan_->size(), input_, output)) return false;
    // An asynchronous step may have failed, which the log tells; what is told to be right is right.
    if (logger.errors) return false;
    for (size_t i = 0; i < kElements; ++i) EXPECT_EQ(output[i], wanted_[i]) << "element " << i;
    return true;
  }
  std::unique_ptr<nvinfer1::IHostMemory> plan_;
  float input_[kElements] = {}, wanted_[kElements] = {};
};

TEST_F(OutOfMemory, LoadingAndRunningEndInAnErrorOrTheAnswer) {
  EXPECT_GT(fail_each([&] { return runs_right(); }), 100);
}

TEST_F(OutOfMemory, BuildingEndsInAnErrorOrAPlan) {
  EXPECT_GT(fail_each([] { return build() != nullptr; }), 1000);
}

TEST_F(OutOfMemory, TheProgramsAllocatorMayFail) {
  Allocator allocator;
  float output[kElements] = {};
  ASSERT_TRUE(run(plan_->data(), plan_->size(), input_, output, &allocator));
  const int calls = allocator.calls;
  ASSERT_GT(calls, 0);
  EXPECT_EQ(allocator.given, 0);
  for (int n = 1; n <= calls; ++n) {
    Allocator failing_one;
    failing_one.failing_call = n;
    EXPECT_FALSE(run(plan_->data(), plan_->size(), input_, output, &failing_one)) << "call " << n;
    EXPECT_EQ(failing_one.given, 0) << "call " << n;
  }
}

}  // namespace
