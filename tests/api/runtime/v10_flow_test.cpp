// A program of generation 10: named tensors, profiles, recorders, allocators, refitting, timing caches, cancelling.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "harness.h"

using namespace harness;

namespace {

// y = relu(w * x + b) as a 1 x 1 convolution.
IConvolutionLayer& small_network(Program& p, int64_t batch = 1, bool name_weights = false) {
  ITensor& x = p.input("x", {batch, 2, 1, 1});
  const Weights kernel = p.weights({1, 2}), bias = p.weights({0.5});
  auto* conv = p.network->addConvolutionNd(x, 1, Dims{2, {1, 1}}, kernel, bias);
  conv->setName("conv");
  if (name_weights) {
    EXPECT_TRUE(p.network->setWeightsName(kernel, "the kernel")) << p.log.errors;
  }
  auto* relu = p.network->addActivation(*conv->getOutput(0), ActivationType::kRELU);
  relu->getOutput(0)->setName("y");
  p.output(*relu);
  return *conv;
}

class Recorder final : public IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override { return static_cast<int32_t>(errors.size()); }
  ErrorCode getErrorCode(int32_t index) const noexcept override { return errors[static_cast<size_t>(index)].first; }
  ErrorDesc getErrorDesc(int32_t index) const noexcept override { return errors[static_cast<size_t>(index)].second.c_str(); }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override { errors.clear(); }
  bool reportError(ErrorCode code, ErrorDesc text) noexcept override {
    errors.emplace_back(code, text);
    return true;
  }
  RefCount incRefCount() noexcept override { return ++count; }
  RefCount decRefCount() noexcept override { return --count; }
  std::vector<std::pair<ErrorCode, std::string>> errors;
  RefCount count = 0;
};

TEST(Generation10, errors_reach_the_recorder_of_the_object) {
  Recorder recorder;
  {
    Program p;
    p.builder->setErrorRecorder(&recorder);
    EXPECT_EQ(p.builder->getErrorRecorder(), &recorder);
    EXPECT_EQ(recorder.count, 1);
    std::unique_ptr<INetworkDefinition> network(p.builder->createNetworkV2(0));
    EXPECT_EQ(network->getErrorRecorder(), &recorder);
    EXPECT_EQ(network->addInput(nullptr, DataType::kFLOAT, Dims{1, {1}}), nullptr);
    ASSERT_EQ(recorder.errors.size(), 1u);
    EXPECT_EQ(recorder.errors[0].first, ErrorCode::kINVALID_ARGUMENT);
  }
  EXPECT_EQ(recorder.count, 0);
}

class Times final : public IProfiler {
 public:
  void reportLayerTime(char const* name, float ms) noexcept override {
    EXPECT_GE(ms, 0);
    layers.emplace_back(name);
  }
  std::vector<std::string> layers;
};

TEST(Generation10, a_profiler_gets_the_time_of_every_layer) {
  Program p;
  small_network(p);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  Times times;
  context->setProfiler(&times);
  float x[] = {1, 2}, y = 0;
  void* bindings[] = {x, &y};
  ASSERT_TRUE(context->executeV2(bindings));
  EXPECT_EQ(times.layers.size(), static_cast<size_t>(engine->getNbLayers()));
  context->setEnqueueEmitsProfile(false);
  times.layers.clear();
  ASSERT_TRUE(context->executeV2(bindings));
  EXPECT_TRUE(times.layers.empty());
  EXPECT_TRUE(context->reportToProfiler());
  EXPECT_EQ(times.layers.size(), static_cast<size_t>(engine->getNbLayers()));
}

class Counting final : public IGpuAllocator {
 public:
  void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const) noexcept override {
    if (fails) return nullptr;
    ++live;
    total += size;
    return std::aligned_alloc(alignment ? alignment : 256, (size + 255) / 256 * 256);
  }
  bool deallocate(void* const memory) noexcept override {
    --live;
    std::free(memory);
    return true;
  }
  std::atomic<int> live{0};
  std::atomic<uint64_t> total{0};
  bool fails = false;
};

TEST(Generation10, memory_of_contexts_comes_from_the_programs_allocator) {
  Program p;
  small_network(p, 4);
  std::unique_ptr<IHostMemory> plan(p.builder->buildSerializedNetwork(*p.network, *p.config));
  ASSERT_NE(plan, nullptr) << p.log.errors;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(p.log));
  Counting counting;
  runtime->setGpuAllocator(&counting);
  {
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    const int of_engine = counting.live;
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    EXPECT_GT(counting.live, of_engine) << "memory of activations is taken as the context is made";
    const uint64_t total = counting.total;
    float x[8] = {}, y[4] = {};
    void* bindings[] = {x, y};
    ASSERT_TRUE(context->executeV2(bindings)) << p.log.errors;
    EXPECT_EQ(counting.total, total) << "a run takes no memory";
    counting.fails = true;
    EXPECT_EQ(engine->createExecutionContext(), nullptr);
    EXPECT_NE(p.log.errors.find("no memory for"), std::string::npos) << p.log.errors;
  }
  EXPECT_EQ(counting.live, 0);
}

TEST(Generation10, a_context_without_memory_waits_for_the_programs) {
  Program p;
  small_network(p, 4);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(ExecutionContextAllocationStrategy::kUSER_MANAGED));
  float x[8] = {1, 1, 2, 2, 3, 3, -9, 4}, y[4] = {};
  void* bindings[] = {x, y};
  const int64_t size = engine->getDeviceMemorySizeV2();
  if (size > 0) {
    EXPECT_FALSE(context->executeV2(bindings));
    EXPECT_NE(p.log.errors.find("setDeviceMemoryV2"), std::string::npos) << p.log.errors;
  }
  std::vector<char> memory(static_cast<size_t>(size) + 512);
  void* aligned = memory.data() + 256 - reinterpret_cast<uintptr_t>(memory.data()) % 256;
  context->setDeviceMemoryV2(aligned, size);
  ASSERT_TRUE(context->executeV2(bindings)) << p.log.errors;
  EXPECT_FLOAT_EQ(y[2], 9.5);
}

TEST(Generation10, refitting_by_layer_and_by_name) {
  Program p;
  small_network(p, 1, true);
  p.config->setFlag(BuilderFlag::kREFIT);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  EXPECT_TRUE(engine->isRefittable());
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float x[] = {1, 2}, y = 0;
  void* bindings[] = {x, &y};
  ASSERT_TRUE(context->executeV2(bindings));
  EXPECT_FLOAT_EQ(y, 5.5);

  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, p.log));
  ASSERT_NE(refitter, nullptr) << p.log.errors;
  const char* layers[8];
  WeightsRole roles[8];
  const int32_t count = refitter->getAll(8, layers, roles);
  ASSERT_EQ(count, 2);
  EXPECT_STREQ(layers[0], "conv");
  const char* names[8];
  EXPECT_EQ(refitter->getAllWeights(8, names), 2);
  EXPECT_STREQ(names[0], "the kernel");
  EXPECT_EQ(refitter->getWeightsPrototype("the kernel").count, 2);
  EXPECT_FALSE(refitter->setWeights("conv", WeightsRole::kKERNEL, p.weights({1})));
  EXPECT_NE(p.log.errors.find("2 values of float are wanted"), std::string::npos) << p.log.errors;
  EXPECT_FALSE(refitter->setNamedWeights("nobody", p.weights({1})));
  EXPECT_TRUE(refitter->setNamedWeights("the kernel", p.weights({10, 100})));
  EXPECT_TRUE(refitter->setWeights("conv", WeightsRole::kBIAS, p.weights({0.25})));
  EXPECT_EQ(refitter->getMissing(0, nullptr, nullptr), 0);
  ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
  ASSERT_TRUE(context->executeV2(bindings)) << p.log.errors;
  EXPECT_FLOAT_EQ(y, 210.25);
  std::unique_ptr<IExecutionContext> later(engine->createExecutionContext());
  ASSERT_TRUE(later->executeV2(bindings));
  EXPECT_FLOAT_EQ(y, 210.25);

  Program plain;
  small_network(plain);
  const auto fixed = plain.engine();
  EXPECT_EQ(createInferRefitter(*fixed, plain.log), nullptr);
}

TEST(Generation10, the_inspector_writes_json) {
  Program p;
  small_network(p);
  p.config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  const std::string json = inspector->getEngineInformation(LayerInformationFormat::kJSON);
  EXPECT_EQ(json.find('{'), 0u);
  EXPECT_NE(json.find("\"Layers\""), std::string::npos) << json;
  EXPECT_NE(json.find("conv"), std::string::npos) << json;
}

TEST(Generation10, a_second_build_takes_its_times_from_the_cache) {
  Program p;
  small_network(p, 2);
  std::unique_ptr<ITimingCache> cache(p.config->createTimingCache(nullptr, 0));
  ASSERT_TRUE(p.config->setTimingCache(*cache, false));
  ASSERT_NE(std::unique_ptr<IHostMemory>(p.builder->buildSerializedNetwork(*p.network, *p.config)), nullptr) << p.log.errors;
  std::unique_ptr<IHostMemory> bytes(cache->serialize());
  ASSERT_NE(bytes, nullptr);
  Program q;
  small_network(q, 2);
  std::unique_ptr<ITimingCache> copy(q.config->createTimingCache(bytes->data(), bytes->size()));
  ASSERT_NE(copy, nullptr) << q.log.errors;
  std::unique_ptr<ITimingCache> merged(q.config->createTimingCache(nullptr, 0));
  EXPECT_TRUE(merged->combine(*copy, false)) << q.log.errors;
  ASSERT_TRUE(q.config->setTimingCache(*merged, false));
  q.config->setFlag(BuilderFlag::kERROR_ON_TIMING_CACHE_MISS);
  std::unique_ptr<IHostMemory> first(p.builder->buildSerializedNetwork(*p.network, *p.config)),
      second(q.builder->buildSerializedNetwork(*q.network, *q.config));
  ASSERT_NE(second, nullptr) << q.log.errors;
  ASSERT_EQ(first->size(), second->size());
  EXPECT_EQ(std::memcmp(first->data(), second->data(), first->size()), 0);
}

class Stopping final : public IProgressMonitor {
 public:
  void phaseStart(char const* phase, char const*, int32_t) noexcept override { phases.emplace_back(phase); }
  bool stepComplete(char const*, int32_t) noexcept override { return false; }
  void phaseFinish(char const*) noexcept override { ++finished; }
  std::vector<std::string> phases;
  size_t finished = 0;
};

TEST(Generation10, a_monitor_cancels_the_build) {
  Program p;
  small_network(p);
  Stopping stopping;
  p.config->setProgressMonitor(&stopping);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("cancelled"), std::string::npos) << p.log.errors;
  EXPECT_FALSE(stopping.phases.empty());
  EXPECT_EQ(stopping.finished, stopping.phases.size());
}

TEST(Generation10, profiles_bound_the_shapes) {
  Program p;
  small_network(p, -1);
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  IOptimizationProfile* profile = p.builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims{4, {1, 2, 1, 1}});
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims{4, {2, 2, 1, 1}});
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims{4, {3, 2, 1, 1}});
  ASSERT_EQ(p.config->addOptimizationProfile(profile), 0);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(engine->getProfileShape("x", 0, OptProfileSelector::kMAX).d[0], 3);
  expect_near(run_engine(*engine, {{"x", {{2, 2, 1, 1}, {1, 2, 3, 4}}}}, p.log)[0], {2, 1, 1, 1}, {5.5, 11.5});
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  const char* missing[4];
  EXPECT_EQ(context->inferShapes(4, missing), 1);
  EXPECT_STREQ(missing[0], "x");
  EXPECT_FALSE(context->setInputShape("x", Dims{4, {4, 2, 1, 1}}));
  EXPECT_FALSE(context->setInputShape("z", Dims{4, {1, 2, 1, 1}}));
  EXPECT_TRUE(context->setInputShape("x", Dims{4, {3, 2, 1, 1}}));
  EXPECT_EQ(context->inferShapes(4, missing), 0);
  EXPECT_EQ(context->getTensorShape("y").d[0], 3);
  EXPECT_EQ(context->getMaxOutputSize("y"), 12);
}

TEST(Generation10, contexts_of_several_threads_do_not_meet) {
  Program p;
  small_network(p);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
      cudaStream_t stream;
      cudaStreamCreate(&stream);
      for (int i = 0; i < 50; ++i) {
        float x[] = {static_cast<float>(t), static_cast<float>(i)}, y = -1;
        context->setTensorAddress("x", x);
        context->setTensorAddress("y", &y);
        if (!context->enqueueV3(stream) || cudaStreamSynchronize(stream) != cudaSuccess ||
            y != static_cast<float>(t) + 2 * static_cast<float>(i) + 0.5f)
          ++wrong;
      }
      cudaStreamDestroy(stream);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Generation10, rotary_embedding_and_caches) {
  Program p;
  auto* rotated =
      p.network->addRotaryEmbedding(p.input("x", {1, 1, 1, 2}), p.constant({1, 1, 1}, {0}), p.constant({1, 1, 1}, {1}), false, 0);
  ASSERT_NE(rotated, nullptr) << p.log.errors;
  auto* cache = p.network->addKVCacheUpdate(p.input("cache", {1, 1, 3, 1}), p.input("update", {1, 1, 1, 1}),
                                            p.input("at", {1}, DataType::kINT32), KVCacheMode::kLINEAR);
  ASSERT_NE(cache, nullptr) << p.log.errors;
  p.output(*rotated);
  p.output(*cache);
  const auto values =
      p.run({{"x", {{1, 1, 1, 2}, {3, 4}}}, {"cache", {{1, 1, 3, 1}, {1, 2, 3}}}, {"update", {{1, 1, 1, 1}, {9}}}, {"at", {{1}, {1}}}});
  ASSERT_EQ(values.size(), 2u) << p.log.errors;
  expect_near(values[0], {1, 1, 1, 2}, {-4, 3});
  expect_near(values[1], {1, 1, 3, 1}, {1, 9, 3});
}

}  // namespace
