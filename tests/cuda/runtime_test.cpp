// Contexts on the GPU: streams at once, many runs, captures of the program's, addresses, errors, plans of the other device. Runs on the
// emulated GPU or a real one.
#include <dlfcn.h>

#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "device/cuda/cuda_device.h"
#include "device/recording_parts.h"
#include "helpers.h"
#include "operators/matmul.h"
#include "tactics/cuda/equal_rows.h"
#include "tactics/problem.h"

namespace ingot::testing {
int64_t allocation_count();
}

namespace ingot {
namespace {

const char* const kNetwork = R"(
input x [n, 32]
weights w1 float [32, 64] = seed 1
weights w2 float [64, 32] = seed 2
a = matmul(x, w1)
r = relu(a)
y = matmul(r, w2)
output y
profile 0 x min=[1, 32] opt=[16, 32] max=[512, 32]
)";

// Keeps what is said.
struct Lines final : Log {
  std::string text;
  void write(Severity, const std::string& message) override { text += message + "\n"; }
};

class CudaRuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    auto found = cuda_device(-1);
    const char* wish = std::getenv("INGOT_DEVICE");
    ASSERT_TRUE(found.ok() || !wish || std::string(wish) != "cuda") << found.error().message;
    if (!found.ok()) GTEST_SKIP() << found.error().message;
    device_ = *found;
    gpu_ = dynamic_cast<cuda::CudaDevice*>(device_.get());
    void* driver = dlopen(gpu_->driver().path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    count_ = reinterpret_cast<long (*)(const char*)>(driver ? dlsym(driver, "emulatedCount") : nullptr);
    lose_ = reinterpret_cast<void (*)(int)>(driver ? dlsym(driver, "emulatedLose") : nullptr);
  }

  const cuda::Driver& driver() const { return gpu_->driver(); }
  long count(const char* kind) const { return count_ ? count_(kind) : 0; }

  std::shared_ptr<Engine> load(Plan plan, std::shared_ptr<Device> device, Log& log = null_log()) {
    auto bytes = write_plan(plan);
    auto engine = load_engine(Bytes(*bytes), std::move(device), log);
    EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message);
    return engine.ok() ? *engine : nullptr;
  }
  std::shared_ptr<Engine> build_on(std::shared_ptr<Device> device, const Network& network) {
    BuildConfig config;
    config.device = device;
    config.allow_tf32 = false;
    auto plan = build_plan(network, config);
    EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().message);
    return plan.ok() ? load(std::move(plan).value(), device) : nullptr;
  }

  // Memory of the device with the array's elements.
  std::shared_ptr<void> on_device(const Array& array) {
    void* memory = device_->allocate(array.byte_count() + 256).value();
    EXPECT_TRUE(device_->copy(memory, array.data(), array.byte_count(), {}).ok());
    return {memory, [device = device_](void* address) { device->release(address); }};
  }
  Array on_host(const void* memory, const Shape& shape) {
    Array array = Array::make(DataType::kFloat, shape).value();
    EXPECT_TRUE(device_->copy(array.mutable_data(), memory, array.byte_count(), {}).ok());
    return array;
  }

  std::shared_ptr<Device> device_;
  cuda::CudaDevice* gpu_ = nullptr;
  long (*count_)(const char*) = nullptr;  // of the emulated driver
  void (*lose_)(int) = nullptr;
};

struct GpuStream {
  const cuda::Driver& driver;
  cuda::CuStream handle = nullptr;
  explicit GpuStream(const cuda::Driver& driver) : driver(driver) { EXPECT_EQ(driver.stream_create(&handle, cuda::kStreamNonBlocking), 0); }
  ~GpuStream() { driver.stream_destroy(handle); }
};

// An input and an output of kNetwork in the device's memory.
struct Buffers {
  Array x;
  std::shared_ptr<void> from, to;
};

#define EXPECT_OK(expression)                             \
  do {                                                    \
    const Status status_ = (expression);                  \
    EXPECT_TRUE(status_.ok()) << status_.error().message; \
  } while (0)

void point(ExecutionContext& context, const Buffers& buffers) {
  EXPECT_OK(context.set_input_shape("x", buffers.x.shape()));
  EXPECT_OK(context.set_address(0, buffers.from.get()));
  EXPECT_OK(context.set_address(1, buffers.to.get()));
}

TEST_F(CudaRuntime, two_contexts_on_two_streams_run_at_once) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  const auto work = [&](uint64_t seed) {
    EXPECT_TRUE(gpu_->make_current().ok());
    GpuStream stream(driver());
    ExecutionContext context(engine);
    for (uint64_t round = 0; round < 12; ++round) {
      const Array x = random_array(DataType::kFloat, {1 + static_cast<int64_t>((seed * 131 + round / 3 * 37) % 300), 32}, seed + round);
      const Buffers buffers{x, on_device(x), on_device(x)};
      point(context, buffers);
      EXPECT_OK(context.execute({stream.handle}));
      expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({x}).value()[0]);
    }
  };
  std::thread first([&] { work(1); }), second([&] { work(1000); });
  first.join();
  second.join();
}

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

TEST_F(CudaRuntime, ten_thousand_runs_take_no_memory_and_no_wait) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  GpuStream stream(driver());
  ExecutionContext context(engine);
  const Array x = random_array(DataType::kFloat, {16, 32}, 3);
  const Buffers buffers{x, on_device(x), on_device(x)};
  point(context, buffers);
  for (int i = 0; i < 3; ++i) EXPECT_OK(context.execute({stream.handle}));
  const size_t resident = resident_bytes();
  size_t free_before = 0, free_after = 0, all = 0;
  EXPECT_EQ(driver().memory_info(&free_before, &all), 0);
  const long waits = count("synchronize"), allocations = count("allocate"), launches = count("launch");
  const int64_t news = testing::allocation_count();
  std::chrono::steady_clock::duration host{};
  for (int i = 0; i < 10000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Status status = context.enqueue({stream.handle});
    host += std::chrono::steady_clock::now() - begin;
    if (!status.ok()) FAIL() << status.error().message;
    if (i % 100 == 99 && !count_) {
      EXPECT_EQ(driver().stream_synchronize(stream.handle), 0);  // a queue that is full would make the driver wait
    }
  }
  EXPECT_EQ(testing::allocation_count(), news) << "enqueue allocates";
  EXPECT_EQ(count("synchronize"), waits) << "enqueue waits";
  EXPECT_EQ(count("allocate"), allocations);
  EXPECT_EQ(count("launch"), launches) << "the steps do not run as one graph";
  EXPECT_OK(device_->synchronize({stream.handle}));
  EXPECT_EQ(driver().memory_info(&free_after, &all), 0);
  EXPECT_LE(free_before, free_after + (size_t{4} << 20));
  EXPECT_LE(resident_bytes(), resident + (size_t{8} << 20));
  std::printf("%.2f us of the host's time for an enqueue\n", std::chrono::duration<double, std::micro>(host).count() / 10000);
  expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({x}).value()[0]);
}

TEST_F(CudaRuntime, recent_shapes_and_addresses_keep_their_graphs) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  GpuStream stream(driver());
  ExecutionContext context(engine);
  std::vector<Buffers> all;
  for (int64_t i = 0; i < 4; ++i) {
    const Array x = random_array(DataType::kFloat, {4 + i / 2, 32}, static_cast<uint64_t>(i));
    all.push_back({x, on_device(x), on_device(x)});
  }
  long graphs = 0;
  for (int round = 0; round < 5; ++round) {
    if (round == 3) graphs = count("capture");
    for (const Buffers& buffers : all) {
      point(context, buffers);
      EXPECT_OK(context.execute({stream.handle}));
      expect_close(on_host(buffers.to.get(), buffers.x.shape()), network->evaluate({buffers.x}).value()[0]);
    }
  }
  EXPECT_EQ(count("capture"), graphs) << "what ran before is captured again";
  // More addresses than are kept: still right.
  for (uint64_t i = 0; i < 12; ++i) {
    const Array x = random_array(DataType::kFloat, {4, 32}, 50 + i);
    const Buffers buffers{x, on_device(x), on_device(x)};
    point(context, buffers);
    EXPECT_OK(context.execute({stream.handle}));
    expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({x}).value()[0]);
  }
}

// Three steps of which one reads the input and one writes the output.
TEST_F(CudaRuntime, a_new_address_patches_the_steps_that_take_it) {
  auto network = network_of(R"(
input x [n, 32]
weights w1 float [32, 64] = seed 1
weights w2 float [64, 32] = seed 2
a = matmul(x, w1)
s = softmax(a) axis=-1
y = matmul(s, w2)
output y
profile 0 x min=[1, 32] opt=[16, 32] max=[512, 32]
)");
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  GpuStream stream(driver());
  ExecutionContext context(engine);
  const Array first = random_array(DataType::kFloat, {9, 32}, 1);
  EXPECT_OK(context.set_input_shape("x", first.shape()));
  EXPECT_OK(context.prepare());
  const long graphs = count("instantiate");
  if (count_) {
    EXPECT_GT(graphs, 0) << "there is no graph before the first run";
  }
  std::vector<Buffers> all;  // each stays, so that each has addresses of its own
  std::chrono::steady_clock::duration host{};
  const long updates = count("update");
  long launches = 0, patches = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    const Array x = random_array(DataType::kFloat, first.shape(), 70 + i);
    all.push_back({x, on_device(x), i % 2 == 1 ? all.back().to : on_device(x)});
    point(context, all.back());
    launches = count("launch"), patches = count("patch");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_OK(context.enqueue({stream.handle}));
    host += std::chrono::steady_clock::now() - begin;
    EXPECT_OK(device_->synchronize({stream.handle}));
    expect_close(on_host(all.back().to.get(), x.shape()), network->evaluate({x}).value()[0]);
    if (count_) {
      EXPECT_GE(count("patch"), patches + (i % 2 == 1 ? 1 : 2)) << i;
      EXPECT_EQ(count("patch") - patches, count("launch") - launches) << "more is recorded than is patched";
      EXPECT_LT(count("patch") - patches, 8) << "steps between are patched too";
    }
  }
  EXPECT_EQ(count("instantiate"), graphs);
  EXPECT_EQ(count("update"), updates) << "a whole graph is updated";
  std::printf("%.1f us of the host's time for an enqueue with new addresses\n",
              std::chrono::duration<double, std::micro>(host).count() / 20);
  // Addresses that come back find a graph of their own, and nothing is patched any more.
  for (int round = 0; round < 4; ++round) {
    if (round == 3) patches = count("patch"), launches = count("launch");
    for (size_t i = 0; i < 3; ++i) {
      point(context, all[i]);
      EXPECT_OK(context.execute({stream.handle}));
      expect_close(on_host(all[i].to.get(), first.shape()), network->evaluate({all[i].x}).value()[0]);
    }
  }
  EXPECT_EQ(count("patch"), patches);
  EXPECT_EQ(count("launch"), launches);
}

TEST_F(CudaRuntime, parts_of_recordings_are_exchanged) {
  Array ones = Array::make(DataType::kFloat, {64}).value(), twos = Array::make(DataType::kFloat, {64}).value();
  for (int64_t i = 0; i < 64; ++i) ones.set_number(i, 1), twos.set_number(i, 2);
  const auto a = on_device(ones), b = on_device(twos), to = on_device(ones), other = on_device(ones);
  auto recording = gpu_->record(
      [&](Stream stream) -> Status {
        PatchableRecording::begin_part();
        TRY(gpu_->queue_copy(to.get(), a.get(), 256, stream));
        PatchableRecording::begin_part();
        PatchableRecording::begin_part();
        return gpu_->queue_zeros(to.get(), 4, stream);
      },
      nullptr);
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  auto* parts = dynamic_cast<PatchableRecording*>(recording->get());
  ASSERT_TRUE(parts);
  const auto value = [&](int64_t at) {
    EXPECT_OK(gpu_->replay(**recording, {}));
    EXPECT_OK(device_->synchronize({}));
    return on_host(to.get(), {64}).number(at);
  };
  EXPECT_EQ(value(0), 0);
  EXPECT_EQ(value(1), 1);
  EXPECT_OK(parts->patch(0, [&](Stream stream) { return gpu_->queue_copy(to.get(), b.get(), 256, stream); }));
  EXPECT_EQ(value(0), 0);
  EXPECT_EQ(value(1), 2);
  EXPECT_OK(parts->patch(1, [](Stream) { return Status(Ok{}); }));
  EXPECT_OK(parts->patch(2, [&](Stream stream) { return gpu_->queue_zeros(static_cast<char*>(to.get()) + 4, 4, stream); }));
  EXPECT_EQ(value(0), 2);
  EXPECT_EQ(value(1), 0);
  // Another number of nodes, another kind of node, a part that is none.
  EXPECT_FALSE(parts->patch(1, [&](Stream stream) { return gpu_->queue_zeros(to.get(), 4, stream); }).ok());
  EXPECT_FALSE(parts->patch(0, [&](Stream stream) { return gpu_->queue_zeros(to.get(), 4, stream); }).ok());
  EXPECT_FALSE(parts->patch(3, [](Stream) { return Status(Ok{}); }).ok());
}

TEST_F(CudaRuntime, recordings_set_memory_by_kernels) {
  Array x = Array::make(DataType::kFloat, {2, 150}).value();
  for (int64_t i = 0; i < x.count(); ++i) x.set_number(i, 1);
  const auto before = on_device(x), behind = on_device(x);
  auto* bytes = static_cast<char*>(before.get());
  auto recording = gpu_->record(
      [&](Stream stream) -> Status {
        TRY(gpu_->queue_zeros(bytes, 700, stream));
        TRY(gpu_->queue_zeros(bytes + 700, 500, stream));
        return gpu_->queue_copy(behind.get(), bytes, 1200, stream);
      },
      nullptr);
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  const long memsets = count("memset");
  EXPECT_OK(gpu_->replay(**recording, {}));
  EXPECT_OK(device_->synchronize({}));
  EXPECT_EQ(count("memset"), memsets);
  const Array y = on_host(behind.get(), {2, 150});
  for (int64_t i = 0; i < y.count(); ++i) ASSERT_EQ(y.number(i), 0) << i;
}

TEST_F(CudaRuntime, a_row_with_other_bits_is_seen) {
  for (const DataType type : {DataType::kHalf, DataType::kFloat, DataType::kInt8}) {
    const int64_t rows = 5, length = 33, bytes = rows * length * bits_of(type) / 8;
    const cuda::DeviceMemory memory = cuda::equal_rows(*gpu_, type, rows, length, 1).value();
    EXPECT_TRUE(cuda::has_equal_rows(*gpu_, memory.get(), type, rows, length).value());
    std::vector<char> words(static_cast<size_t>(bytes));
    EXPECT_OK(device_->copy(words.data(), memory.get(), words.size(), {}));
    const std::set<char> first(words.begin(), words.begin() + length);
    EXPECT_GT(first.size(), 10u) << "elements of a row are alike";
    for (const size_t at : {words.size() - 1, words.size() / 2}) {
      std::vector<char> changed = words;
      changed[at] ^= 1;
      EXPECT_OK(device_->copy(memory.get(), changed.data(), changed.size(), {}));
      EXPECT_FALSE(cuda::has_equal_rows(*gpu_, memory.get(), type, rows, length).value()) << at;
    }
  }
}

TEST_F(CudaRuntime, a_capture_of_the_programs_is_right_the_first_time) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  GpuStream stream(driver());
  ExecutionContext context(engine);  // has not run before
  const Array x = random_array(DataType::kFloat, {7, 32}, 5);
  const Buffers buffers{x, on_device(x), on_device(x)};
  point(context, buffers);
  cuda::CuGraph graph = nullptr;
  cuda::CuGraphExec exec = nullptr;
  ASSERT_EQ(driver().stream_begin_capture(stream.handle, 0), 0);  // the strictest mode
  EXPECT_OK(context.enqueue({stream.handle}));
  ASSERT_EQ(driver().stream_end_capture(stream.handle, &graph), 0);
  ASSERT_EQ(driver().graph_instantiate(&exec, graph, 0), 0);
  for (uint64_t i = 0; i < 3; ++i) {
    const Array values = random_array(DataType::kFloat, x.shape(), 90 + i);
    EXPECT_OK(device_->copy(buffers.from.get(), values.data(), values.byte_count(), {}));
    ASSERT_EQ(driver().graph_launch(exec, stream.handle), 0);
    EXPECT_OK(device_->synchronize({stream.handle}));
    expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({values}).value()[0]);
  }
  driver().graph_exec_destroy(exec);
  driver().graph_destroy(graph);
  // The context goes on as before.
  EXPECT_OK(context.execute({stream.handle}));
}

TEST_F(CudaRuntime, a_plan_of_either_device_loads_on_the_other) {
  auto network = network_of(kNetwork);
  const Array x = random_array(DataType::kFloat, {5, 32}, 8);
  const Array wanted = network->evaluate({x}).value()[0];
  for (const bool to_gpu : {true, false}) {
    BuildConfig config;
    config.device = to_gpu ? cpu_device() : device_;
    config.allow_tf32 = false;
    auto plan = build_plan(*network, config);
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    Lines log;
    auto engine = load(std::move(plan).value(), to_gpu ? device_ : cpu_device(), log);
    ASSERT_TRUE(engine);
    EXPECT_NE(log.text.find("chosen again"), std::string::npos) << log.text;
    ExecutionContext context(engine);
    if (to_gpu) {
      const Buffers buffers{x, on_device(x), on_device(x)};
      point(context, buffers);
      EXPECT_OK(context.execute());
      expect_close(on_host(buffers.to.get(), x.shape()), wanted);
    } else {
      expect_close(run(context, {x})[0], wanted);
    }
  }
}

TEST_F(CudaRuntime, memory_of_the_host_is_refused_by_name) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  Array x = random_array(DataType::kFloat, {5, 32}, 8);
  const Buffers buffers{x, on_device(x), on_device(x)};
  point(context, buffers);
  EXPECT_OK(context.set_address(0, x.mutable_data()));
  const Status status = context.execute();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("input 'x'"), std::string::npos) << status.error().message;
  EXPECT_NE(status.error().message.find("host's memory"), std::string::npos) << status.error().message;
}

TEST_F(CudaRuntime, shapes_of_several_profiles_run) {
  auto network = network_of(std::string(kNetwork) + "profile 1 x min=[513, 32] opt=[600, 32] max=[1500, 32]\n");
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  for (const auto& [profile, rows] : {std::pair{0, 1}, {0, 128}, {1, 600}, {1, 1500}, {0, 512}, {1, 513}}) {
    EXPECT_OK(context.set_profile(static_cast<size_t>(profile)));
    const Array x = random_array(DataType::kFloat, {rows, 32}, static_cast<uint64_t>(rows));
    const Buffers buffers{x, on_device(x), on_device(x)};
    point(context, buffers);
    EXPECT_OK(context.execute());
    expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({x}).value()[0]);
  }
}

TEST_F(CudaRuntime, a_tactic_that_memory_runs_out_for_is_declined) {
  // Its operands are larger than any GPU: the build says so, and nothing else goes wrong.
  auto network = network_of(R"(
input x [n, 1024]
y = softmax(x)
output y
profile 0 x min=[1, 1024] opt=[2000000000, 1024] max=[2000000000, 1024]
)");
  BuildConfig config;
  config.device = device_;
  auto plan = build_plan(*network, config);
  if (plan.ok()) {
    auto engine = load(std::move(plan).value(), device_);
    ASSERT_TRUE(engine);
    ExecutionContext context(engine);
    const Array x = random_array(DataType::kFloat, {3, 1024}, 1);
    const Buffers buffers{x, on_device(x), on_device(x)};
    point(context, buffers);
    EXPECT_OK(context.execute());
  } else {
    EXPECT_EQ(plan.error().code, ErrorCode::kOutOfMemory) << plan.error().message;
  }
  const auto memory = device_->allocate(size_t{1} << 50);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.error().code, ErrorCode::kOutOfMemory) << memory.error().message;
}

// A program's own allocator, with all that it gave and that has not come back.
struct Supply {
  const cuda::Driver& driver;
  std::mutex mutex = {};  // engines load on several threads
  std::map<void*, size_t> given = {};
  size_t bytes = 0;
  long calls = 0;

  std::shared_ptr<const MemorySupply> get() {
    return std::make_shared<const MemorySupply>(MemorySupply{[this](size_t wanted) -> void* {
                                                               cuda::CuPointer address = 0;
                                                               if (driver.memory_allocate(&address, wanted) != 0) return nullptr;
                                                               std::lock_guard lock(mutex);
                                                               given[reinterpret_cast<void*>(address)] = wanted;
                                                               bytes += wanted;
                                                               ++calls;
                                                               return reinterpret_cast<void*>(address);
                                                             },
                                                             [this](void* address) {
                                                               std::lock_guard lock(mutex);
                                                               EXPECT_EQ(given.erase(address), 1u);
                                                               driver.memory_free(reinterpret_cast<cuda::CuPointer>(address));
                                                             }});
  }
};

TEST_F(CudaRuntime, every_byte_comes_from_the_programs_allocator) {
  auto network = network_of(kNetwork);
  BuildConfig config;
  config.device = device_;
  config.allow_tf32 = false;
  auto plan = build_plan(*network, config);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const auto bytes = write_plan(*plan);
  const auto load_from = [&](Supply& supply) {
    const MemoryFrom given(supply.get());
    auto engine = load_engine(Bytes(*bytes), device_, null_log());
    EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message);
    return engine.ok() ? *engine : nullptr;
  };
  const Array x = random_array(DataType::kFloat, {7, 32}, 5);
  const Buffers buffers{x, on_device(x), on_device(x)};
  Supply first{driver()}, second{driver()};
  std::shared_ptr<Engine> other;
  {
    const long before = count("allocate");
    const std::shared_ptr<Engine> engine = load_from(first);
    ASSERT_TRUE(engine);
    EXPECT_GE(first.bytes, size_t{2} * 32 * 64 * sizeof(float)) << "weights";
    const size_t weights = first.bytes;
    ExecutionContext context(engine, first.get());
    point(context, buffers);
    for (int i = 0; i < 3; ++i) EXPECT_OK(context.execute());
    expect_close(on_host(buffers.to.get(), x.shape()), network->evaluate({x}).value()[0]);
    EXPECT_GT(first.bytes, weights) << "activations";
    if (count_) {
      EXPECT_EQ(count("allocate") - before, first.calls) << "memory of the device's own";
    }
    // The same weights for another allocator are other memory.
    other = load_from(second);
    EXPECT_GE(second.bytes, weights);
  }
  EXPECT_TRUE(first.given.empty()) << first.given.size() << " pieces did not come back";
  EXPECT_FALSE(second.given.empty());
  other.reset();
  EXPECT_TRUE(second.given.empty());
}

TEST_F(CudaRuntime, an_allocator_without_memory_is_told) {
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine,
                           std::make_shared<const MemorySupply>(MemorySupply{[](size_t) -> void* { return nullptr; }, [](void*) {}}));
  const Array x = random_array(DataType::kFloat, {7, 32}, 5);
  const Buffers buffers{x, on_device(x), on_device(x)};
  point(context, buffers);
  const Status status = context.execute();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOutOfMemory) << status.error().message;
}

// The body multiplies until the sum of what it carries is too large; a branch reads what the loop gives.
TEST_F(CudaRuntime, bodies_of_loops_and_branches_stay_on_the_gpu) {
  auto network = network_of(R"(
input x [n, 8]
weights w float [8, 8] = seed 1
weights trips int64 [] = 6
weights go bool [] = 1
weights limit float [] = 40
y, all = loop(trips, go, x, w, limit) carried=1 symbol=run_all body={
  input i int64 []
  input c bool []
  input v [n, 8]
  input w [8, 8]
  input limit []
  p = matmul(v, w)
  a = abs(p)
  m = reduce(a) axes=[0, 1] keepdims=false
  d = less(m, limit)
  o = add(a, v)
  output d
  output o
  output p
}
s = reduce(y) axes=[0, 1] keepdims=false
bound run_all = 6
t = reduce(all) axes=[0, 1, 2] keepdims=false
u = add(s, t)
c = less(u, limit)
z = if(c, y, y) then_branch={
  input y [n, 8]
  r = neg(y)
  output r
} else_branch={
  input y [n, 8]
  r = softmax(y) axis=-1
  output r
}
output z
profile 0 x min=[1, 8] opt=[4, 8] max=[64, 8]
)");
  ASSERT_TRUE(network);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  for (size_t step = 0; step < engine->step_count(); ++step)
    EXPECT_FALSE(is_reference_tactic(engine->choice(step).tactic)) << engine->layer(step).name;
  ExecutionContext context(engine);
  std::set<double> signs;
  for (uint64_t i = 0; i < 12; ++i) {
    Array x = random_array(DataType::kFloat, {i % 2 == 0 ? 3 : 5, 8}, i);
    for (int64_t k = 0; k < x.count(); ++k) x.set_number(k, x.number(k) * (i % 4 < 2 ? 0.01 : 3));
    const Buffers buffers{x, on_device(x), on_device(x)};
    point(context, buffers);
    const long before = count("bytes to host") + count("bytes from host");
    EXPECT_OK(context.execute());
    if (i > 8 && count_) {
      EXPECT_LE(count("bytes to host") + count("bytes from host") - before, 8) << "more than conditions travels";
    }
    const Array z = on_host(buffers.to.get(), x.shape());
    signs.insert(z.number(0) < 0 ? -1 : 1);
    expect_close(z, network->evaluate({x}).value()[0]);
  }
  EXPECT_EQ(signs.size(), 2u) << "one of the branches has not run";
  GpuStream stream(driver());
  cuda::CuGraph graph = nullptr;
  ASSERT_EQ(driver().stream_begin_capture(stream.handle, 2), 0);
  const Status captured = context.enqueue({stream.handle});
  driver().stream_end_capture(stream.handle, &graph);
  if (graph) driver().graph_destroy(graph);
  ASSERT_FALSE(captured.ok());
  EXPECT_NE(captured.error().message.find("decided by the host"), std::string::npos) << captured.error().message;
}

// The last one: nothing works behind it.
TEST_F(CudaRuntime, z_a_lost_gpu_says_so_at_each_call) {
  if (!lose_) GTEST_SKIP() << "a real GPU is not to be lost";
  auto network = network_of(kNetwork);
  auto engine = build_on(device_, *network);
  ASSERT_TRUE(engine);
  {
    ExecutionContext context(engine);
    const Array x = random_array(DataType::kFloat, {5, 32}, 8);
    const Buffers buffers{x, on_device(x), on_device(x)};
    point(context, buffers);
    EXPECT_OK(context.execute());
    lose_(700);
    for (int i = 0; i < 3; ++i) {
      const Status status = context.enqueue({});
      ASSERT_FALSE(status.ok());
      EXPECT_NE(status.error().message.find("ILLEGAL_ADDRESS"), std::string::npos) << status.error().message;
      EXPECT_NE(status.error().message.find("lost to this process"), std::string::npos) << status.error().message;
    }
    EXPECT_FALSE(device_->allocate(64).ok());
  }
  lose_(0);
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
