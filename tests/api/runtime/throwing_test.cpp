// Classes of programs that throw: each call that reaches them fails with an error or goes on without them, and the process lives.
#include <stdexcept>

#include "harness.h"

using namespace harness;

namespace {

[[noreturn]] void fail() { throw std::runtime_error("thrown by the program"); }

struct ThrowingLogger final : ILogger {
  void log(Severity, char const*) override { fail(); }
};
struct ThrowingMonitor final : IProgressMonitor {
  void phaseStart(char const*, char const*, int32_t) override { fail(); }
  bool stepComplete(char const*, int32_t) override { fail(); }
  void phaseFinish(char const*) override { fail(); }
};
struct ThrowingAllocator final : IGpuAllocator {
  void* allocate(uint64_t, uint64_t, AllocatorFlags) override { fail(); }
  bool deallocate(void*) override { fail(); }
};
struct ThrowingOutput final : IOutputAllocator {
  void* reallocateOutput(char const*, void*, uint64_t, uint64_t) override { fail(); }
  void notifyShape(char const*, Dims const&) override { fail(); }
};
struct ThrowingProfiler final : IProfiler {
  void reportLayerTime(char const*, float) override { fail(); }
};
struct ThrowingReader final : IStreamReader {
  int64_t read(void*, int64_t) override { fail(); }
};
struct ThrowingWriter final : IStreamWriter {
  int64_t write(void const*, int64_t) override { fail(); }
};
struct ThrowingRecorder final : IErrorRecorder {
  int32_t getNbErrors() const noexcept override { return 0; }
  ErrorCode getErrorCode(int32_t) const noexcept override { return ErrorCode::kSUCCESS; }
  ErrorDesc getErrorDesc(int32_t) const noexcept override { return ""; }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override {}
  bool reportError(ErrorCode, ErrorDesc) noexcept override { return ++reported > 0; }
  RefCount incRefCount() noexcept override { return 1; }
  RefCount decRefCount() noexcept override { return 1; }
  int reported = 0;
};
struct ThrowingCalibrator final : IInt8EntropyCalibrator2 {
  int32_t getBatchSize() const override { return 1; }
  bool getBatch(void**, char const**, int32_t) override { fail(); }
  void const* readCalibrationCache(std::size_t& length) override { return length = 0, nullptr; }
  void writeCalibrationCache(void const*, std::size_t) override { fail(); }
};
struct ThrowingSelector final : IAlgorithmSelector {
  int32_t selectAlgorithms(IAlgorithmContext const&, IAlgorithm const* const*, int32_t, int32_t*) override { fail(); }
  void reportAlgorithms(IAlgorithmContext const* const*, IAlgorithm const* const*, int32_t) override { fail(); }
};

struct Throwing : testing::Test {
  Program program;
  void SetUp() override {
    ITensor& x = program.input("x", {2, 3});
    ITensor& y = *program.network->addUnary(x, UnaryOperation::kNEG)->getOutput(0);
    y.setName("y");
    program.mark(y);
  }
  std::unique_ptr<IHostMemory> plan() {
    program.log.errors.clear();
    return std::unique_ptr<IHostMemory>(program.builder->buildSerializedNetwork(*program.network, *program.config));
  }
};

TEST_F(Throwing, while_it_builds) {
  ThrowingMonitor monitor;
  program.config->setProgressMonitor(&monitor);
  EXPECT_EQ(plan(), nullptr);
  EXPECT_NE(program.log.errors, "");
  program.config->setProgressMonitor(nullptr);
  ThrowingSelector selector;
  program.config->setAlgorithmSelector(&selector);
  EXPECT_EQ(plan(), nullptr);
  EXPECT_NE(program.log.errors, "");
  program.config->setAlgorithmSelector(nullptr);
  program.log.errors.clear();
  ThrowingWriter writer;
  EXPECT_FALSE(program.builder->buildSerializedNetworkToStream(*program.network, *program.config, writer));
  EXPECT_NE(program.log.errors, "");
  EXPECT_NE(plan(), nullptr) << program.log.errors;
}

TEST_F(Throwing, while_it_calibrates) {
  Program weak;
  weak.network.reset(weak.builder->createNetworkV2(0));
  ITensor& x = weak.input("x", {1, 3, 8, 8});
  weak.output(*weak.network->addActivation(x, ActivationType::kRELU));
  weak.config->setFlag(BuilderFlag::kINT8);
  ThrowingCalibrator calibrator;
  weak.config->setInt8Calibrator(&calibrator);
  EXPECT_EQ(weak.builder->buildSerializedNetwork(*weak.network, *weak.config), nullptr);
  EXPECT_NE(weak.log.errors.find("thrown by the program"), std::string::npos) << weak.log.errors;
}

TEST_F(Throwing, while_it_loads_and_runs) {
  const std::unique_ptr<IHostMemory> bytes = plan();
  ASSERT_NE(bytes, nullptr);
  const std::unique_ptr<IRuntime> runtime(createInferRuntime(program.log));
  ThrowingReader reader;
  EXPECT_EQ(runtime->deserializeCudaEngine(reader), nullptr);
  ThrowingAllocator allocator;
  runtime->setGpuAllocator(&allocator);
  ThrowingRecorder recorder;
  runtime->setErrorRecorder(&recorder);
  EXPECT_EQ(runtime->deserializeCudaEngine(bytes->data(), bytes->size()), nullptr);
  EXPECT_EQ(recorder.reported, 1);
  runtime->setErrorRecorder(nullptr);
  runtime->setGpuAllocator(nullptr);
  const std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(bytes->data(), bytes->size()));
  ASSERT_NE(engine, nullptr) << program.log.errors;
  const std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {};
  void* bindings[] = {x, y};
  ThrowingProfiler profiler;
  context->setProfiler(&profiler);
  context->executeV2(bindings);
  context->setProfiler(nullptr);
  ThrowingOutput output;
  EXPECT_TRUE(context->setTensorAddress("x", x) && context->setOutputAllocator("y", &output));
  EXPECT_FALSE(context->enqueueV3(nullptr));
  EXPECT_TRUE(context->setOutputAllocator("y", nullptr));
  y[5] = 0;
  EXPECT_TRUE(context->executeV2(bindings)) << program.log.errors;
  EXPECT_EQ(y[5], -6);
}

TEST_F(Throwing, while_it_logs) {
  ThrowingLogger logger;
  const std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  ASSERT_NE(builder, nullptr);
  const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  EXPECT_EQ(builder->buildSerializedNetwork(*network, *config), nullptr);
  ITensor& x = *network->addInput("x", DataType::kFLOAT, Dims2(1, 3));
  network->markOutput(*network->addIdentity(x)->getOutput(0));
  EXPECT_NE(std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config)), nullptr);
}

}  // namespace
