// When memory is taken, and from whom: strategies of contexts, engines as they are built, what only a run can size.
#include <atomic>
#include <cstdlib>

#include "harness.h"

using namespace harness;

namespace {

// Writes down what it gives.
class Ledger final : public IGpuAllocator {
 public:
  void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const) noexcept override {
    if (full) return nullptr;
    ++calls;
    ++live;
    bytes += size;
    return std::aligned_alloc(alignment ? alignment : 256, (size + 255) / 256 * 256);
  }
  bool deallocate(void* const memory) noexcept override {
    --live;
    std::free(memory);
    return true;
  }
  std::atomic<int> live{0}, calls{0};
  std::atomic<uint64_t> bytes{0};
  bool full = false;
};

// y = softmax(x * w) * w for x [n, 64]; n up to 8 in the first profile, up to 512 in the second.
void two_profiles(Program& p) {
  ITensor& x = p.input("x", {-1, 64});
  std::vector<float> identity(64 * 64);
  for (size_t i = 0; i < 64; ++i) identity[i * 65] = 1;
  ITensor& w = p.constant({64, 64}, identity);
  auto* first = p.network->addMatrixMultiply(x, MatrixOperation::kNONE, w, MatrixOperation::kNONE);
  auto* soft = p.network->addSoftMax(*first->getOutput(0));
  soft->setAxes(2);
  auto* second = p.network->addMatrixMultiply(*soft->getOutput(0), MatrixOperation::kNONE, w, MatrixOperation::kNONE);
  second->getOutput(0)->setName("y");
  p.output(*second);
  for (int64_t most : {8, 512}) {
    IOptimizationProfile* profile = p.builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, dims({1, 64}));
    profile->setDimensions("x", OptProfileSelector::kOPT, dims({most, 64}));
    profile->setDimensions("x", OptProfileSelector::kMAX, dims({most, 64}));
    p.config->addOptimizationProfile(profile);
  }
}

// As the builder makes it, without a plan in between.
std::unique_ptr<ICudaEngine> built(Program& p) {
  return std::unique_ptr<ICudaEngine>(p.builder->buildEngineWithConfig(*p.network, *p.config));
}

void expect_uniform(IExecutionContext& context, int64_t rows) {
  std::vector<float> x(static_cast<size_t>(rows) * 64, 1), y(x.size());
  ASSERT_TRUE(context.setInputShape("x", dims({rows, 64})));
  ASSERT_TRUE(context.setTensorAddress("x", x.data()) && context.setTensorAddress("y", y.data()));
  ASSERT_TRUE(context.enqueueV3(nullptr) && cudaStreamSynchronize(nullptr) == cudaSuccess);
  for (float value : y) ASSERT_NEAR(value, 1.0f / 64, 1e-6f);
}

TEST(Memory, a_static_context_takes_what_the_largest_profile_needs_as_it_is_made) {
  Ledger ledger;
  Program p;
  p.builder->setGpuAllocator(&ledger);
  two_profiles(p);
  {
    const auto engine = built(p);
    ASSERT_NE(engine, nullptr) << p.log.errors;
    const uint64_t before = ledger.bytes;
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    ASSERT_NE(context, nullptr) << p.log.errors;
    EXPECT_GE(ledger.bytes - before, static_cast<uint64_t>(engine->getDeviceMemorySizeForProfileV2(1)));
    const int calls = ledger.calls;
    expect_uniform(*context, 8);
    ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
    expect_uniform(*context, 512);
    EXPECT_EQ(ledger.calls, calls) << "no run and no profile takes more";
    ledger.full = true;
    EXPECT_EQ(engine->createExecutionContext(), nullptr);
    EXPECT_NE(p.log.errors.find("no memory for"), std::string::npos) << p.log.errors;
  }
  EXPECT_EQ(ledger.live, 0);
}

TEST(Memory, a_context_may_take_what_its_profile_needs) {
  Ledger ledger;
  Program p;
  p.builder->setGpuAllocator(&ledger);
  two_profiles(p);
  const auto engine = built(p);
  ASSERT_NE(engine, nullptr) << p.log.errors;
  const auto small = static_cast<uint64_t>(engine->getDeviceMemorySizeForProfileV2(0)),
             large = static_cast<uint64_t>(engine->getDeviceMemorySizeForProfileV2(1));
  ASSERT_LT(small, large);
  const uint64_t before = ledger.bytes;
  const int live = ledger.live;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE));
  ASSERT_NE(context, nullptr) << p.log.errors;
  EXPECT_EQ(ledger.bytes - before, small);
  expect_uniform(*context, 8);
  ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
  EXPECT_EQ(ledger.bytes - before, small + large);
  EXPECT_EQ(ledger.live, live + 1) << "what the profile before had goes back";
  expect_uniform(*context, 512);
  EXPECT_EQ(ledger.bytes - before, small + large);
}

TEST(Memory, a_context_of_the_programs_memory_takes_none) {
  Ledger ledger;
  Program p;
  p.builder->setGpuAllocator(&ledger);
  two_profiles(p);
  const auto engine = built(p);
  ASSERT_NE(engine, nullptr) << p.log.errors;
  const int calls = ledger.calls;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(ExecutionContextAllocationStrategy::kUSER_MANAGED));
  ASSERT_NE(context, nullptr) << p.log.errors;
  EXPECT_EQ(context->updateDeviceMemorySizeForShapes(), 0u) << "no shape is set yet";
  ASSERT_TRUE(context->setInputShape("x", dims({2, 64})));
  EXPECT_EQ(context->inferShapes(0, nullptr), 0);
  const std::size_t needed = context->updateDeviceMemorySizeForShapes();
  EXPECT_GT(needed, 0u);
  EXPECT_LT(needed, static_cast<std::size_t>(engine->getDeviceMemorySizeForProfileV2(0)));
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, needed), cudaSuccess);
  context->setDeviceMemoryV2(memory, static_cast<int64_t>(needed));
  expect_uniform(*context, 2);
  std::vector<float> x(8 * 64), y(8 * 64);
  ASSERT_TRUE(context->setInputShape("x", dims({8, 64})) && context->setTensorAddress("x", x.data()) &&
              context->setTensorAddress("y", y.data()));
  EXPECT_FALSE(context->enqueueV3(nullptr)) << "the larger shape does not fit";
  EXPECT_EQ(ledger.calls, calls);
  context.reset();
  cudaFree(memory);
}

TEST(Memory, an_engine_that_was_built_keeps_its_weights_with_the_allocator) {
  Ledger ledger;
  Program p;
  p.builder->setGpuAllocator(&ledger);
  two_profiles(p);
  p.config->setFlag(BuilderFlag::kREFIT);
  {
    const auto engine = built(p);
    ASSERT_NE(engine, nullptr) << p.log.errors;
    EXPECT_GE(ledger.bytes, 64u * 64u * sizeof(float));
    EXPECT_EQ(ledger.live, 1);
    // Weights that replace others lie there too.
    const uint64_t before = ledger.bytes;
    std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, p.log));
    const char* layer = nullptr;
    WeightsRole role{};
    ASSERT_EQ(refitter->getAll(1, &layer, &role), 1);
    std::vector<float> identity(64 * 64);
    for (size_t i = 0; i < 64; ++i) identity[i * 65] = 1;
    ASSERT_TRUE(refitter->setWeights(layer, role, {DataType::kFLOAT, identity.data(), 64 * 64}));
    ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
    EXPECT_GE(ledger.bytes - before, 64u * 64u * sizeof(float));
    EXPECT_EQ(ledger.live, 1) << "those before went back";
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    expect_uniform(*context, 3);
  }
  EXPECT_EQ(ledger.live, 0);
}

TEST(Memory, what_only_a_run_can_size_comes_from_the_temporary_allocator) {
  Program p;
  ITensor& x = p.input("x", {4, 4});
  auto* places = p.network->addNonZero(x);
  auto* numbers = p.network->addCast(*places->getOutput(0), DataType::kFLOAT);
  auto* doubled = p.network->addGather(*numbers->getOutput(0), p.integers({1}, {1}), 0);
  doubled->getOutput(0)->setName("y");
  p.output(*doubled);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr) << p.log.errors;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  Ledger ledger;
  ASSERT_TRUE(context->setTemporaryStorageAllocator(&ledger));
  Growing y;
  std::vector<float> values(16);
  values[3] = values[9] = 1;
  ASSERT_TRUE(context->setTensorAddress("x", values.data()) && context->setOutputAllocator("y", &y));
  ASSERT_TRUE(context->enqueueV3(nullptr) && cudaStreamSynchronize(nullptr) == cudaSuccess) << p.log.errors;
  EXPECT_EQ(y.shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(static_cast<const float*>(y.memory)[0], 3);
  EXPECT_EQ(static_cast<const float*>(y.memory)[1], 1);
  EXPECT_GT(ledger.calls, 0);
  context.reset();
  EXPECT_EQ(ledger.live, 0);
}

// Makes memory larger where it lies or elsewhere, or cannot.
class Resizing final : public IGpuAllocator {
 public:
  void* allocate(uint64_t const size, uint64_t const, AllocatorFlags const flags) noexcept override {
    ++allocations;
    resizable += (flags & 1u << static_cast<uint32_t>(AllocatorFlag::kRESIZABLE)) != 0;
    return std::aligned_alloc(256, (size + 255) / 256 * 256);
  }
  void* reallocate(void* const memory, uint64_t alignment, uint64_t size) noexcept override {
    EXPECT_EQ(alignment, 256u);
    ++asked;
    if (!can) return nullptr;
    std::free(memory);
    return std::aligned_alloc(256, (size + 255) / 256 * 256);
  }
  bool deallocate(void* const memory) noexcept override {
    ++releases;
    std::free(memory);
    return true;
  }
  bool can = true;
  std::atomic<int> allocations{0}, resizable{0}, asked{0}, releases{0};
};

TEST(Memory, of_activations_grows_through_the_programs_allocator) {
  for (const bool can : {true, false}) {
    Resizing allocator;
    allocator.can = can;
    Program p;
    p.builder->setGpuAllocator(&allocator);
    two_profiles(p);
    {
      const auto engine = built(p);
      ASSERT_NE(engine, nullptr) << p.log.errors;
      std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE));
      ASSERT_NE(context, nullptr) << p.log.errors;
      expect_uniform(*context, 8);
      EXPECT_GE(allocator.resizable, 1);
      const int before = allocator.allocations;
      ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
      expect_uniform(*context, 512);
      EXPECT_GE(allocator.asked, 1);
      EXPECT_EQ(allocator.allocations - before, can ? 0 : 1);
    }
    EXPECT_EQ(allocator.allocations, allocator.releases);
  }
}

TEST(Memory, a_cache_is_updated_where_it_lies) {
  Program p;
  ITensor& cache = p.input("cache", {1, 1, 4, 2});
  ITensor& update = p.input("update", {1, 1, 1, 2});
  ITensor& at = p.input("at", {1}, DataType::kINT32);
  auto* layer = p.network->addKVCacheUpdate(cache, update, at, KVCacheMode::kLINEAR);
  ASSERT_NE(layer, nullptr) << p.log.errors;
  layer->getOutput(0)->setName("grown");
  p.output(*layer);
  auto* relu = p.network->addActivation(*layer->getOutput(0), ActivationType::kRELU);
  relu->getOutput(0)->setName("y");
  p.output(*relu);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr) << p.log.errors;
  EXPECT_STREQ(engine->getAliasedInputTensor("grown"), "cache");
  EXPECT_EQ(engine->getAliasedInputTensor("y"), nullptr);
  EXPECT_EQ(engine->getAliasedInputTensor("cache"), nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  std::vector<float> values(8), fresh{1, -2}, y(8);
  for (int32_t step = 0; step < 3; ++step) {
    ASSERT_TRUE(context->setTensorAddress("cache", values.data()) && context->setTensorAddress("grown", values.data()));
    ASSERT_TRUE(context->setTensorAddress("update", fresh.data()) && context->setTensorAddress("at", &step));
    ASSERT_TRUE(context->setTensorAddress("y", y.data()));
    ASSERT_TRUE(context->enqueueV3(nullptr) && cudaStreamSynchronize(nullptr) == cudaSuccess) << p.log.errors;
    fresh = {fresh[0] + 1, fresh[1] - 1};
  }
  EXPECT_EQ(values, (std::vector<float>{1, -2, 2, -3, 3, -4, 0, 0}));
  EXPECT_EQ(y, (std::vector<float>{1, 0, 2, 0, 3, 0, 0, 0}));
}

}  // namespace
