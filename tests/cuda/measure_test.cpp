// What selection goes by on a GPU: the time of a run, and which libraries are worth opening. On the emulated GPU or a real one.
#include "select/measure.h"

#include <dlfcn.h>

#include "device/cuda/cuda_device.h"
#include "helpers.h"
#include "select/select.h"
#include "select/timing_cache.h"
#include "tactics/opening.h"
#include "tactics/problem.h"

namespace ingot {
namespace {

class CudaMeasure : public ::testing::Test {
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
  }
  long count(const char* kind) const { return count_ ? count_(kind) : 0; }

  std::shared_ptr<Device> device_;
  cuda::CudaDevice* gpu_ = nullptr;
  long (*count_)(const char*) = nullptr;  // of the emulated driver
};

// What a run reads comes from memory, however often it was run before.
TEST_F(CudaMeasure, timed_runs_find_nothing_in_the_cache) {
  const char* source = R"(
extern "C" __global__ void sums(const unsigned long long* from, unsigned long long count, unsigned long long* to) {
  unsigned long long sum = 0;
  for (unsigned long long i = blockIdx.x * 256ull + threadIdx.x; i < count; i += gridDim.x * 256ull) sum |= from[i];
  if (sum != 0) *to = sum;
}
)";
  const bool emulated = count_ != nullptr;
  const size_t bytes = emulated ? 2048 : size_t{24} << 20;  // less than the cache has
  const std::vector<char> zeros(bytes);
  const std::shared_ptr<void> memory(device_->allocate(bytes + 256).value(), [this](void* address) { device_->release(address); });
  ASSERT_TRUE(device_->copy(memory.get(), zeros.data(), bytes, {}).ok());
  auto function = gpu_->function(source, "sums");
  ASSERT_TRUE(function.ok()) << function.error().message;
  const void* from = memory.get();
  unsigned long long words = bytes / 8;
  void* arguments[] = {&from, &words, &from};
  long runs = 0;
  const long launches = count("launch");
  const auto ms = gpu_->measure_ms([&](Stream stream) {
    ++runs;
    return gpu_->launch(*function, {emulated ? 1 : 132 * 8}, 256, 0, arguments, stream);
  });
  ASSERT_TRUE(ms.ok()) << ms.error().message;
  EXPECT_GT(*ms, 0);
  if (emulated) {
    EXPECT_GE(count("launch") - launches - runs, runs - 2) << "runs are not flushed";  // all but the two that warm up
    return;
  }
  int kilohertz = 0, bits = 0;
  ASSERT_EQ(gpu_->driver().device_attribute(&kilohertz, 36, gpu_->ordinal()), 0);
  ASSERT_EQ(gpu_->driver().device_attribute(&bits, 37, gpu_->ordinal()), 0);
  const double least_ms = static_cast<double>(bytes) / (2.0 * kilohertz * bits / 8);  // two transfers a clock
  std::printf("%.1f us for what memory gives in %.1f us\n", *ms * 1e3, least_ms * 1e3);
  EXPECT_GE(*ms, least_ms) << "it was read faster than the memory is";
}

// Opening a library costs each load more than it saves where it serves one small layer.
TEST_F(CudaMeasure, a_library_is_opened_where_it_is_worth_it) {
  auto network = network_of("input x [4, 64]\nweights w float [64, 32] = seed 1\ny = matmul(x, w)\noutput y\n");
  ASSERT_TRUE(network);
  const auto chosen_with = [&](float library_ms) {
    const Layer& layer = *network->layers()[0];
    const ShapeCase shapes = shape_case(*network).value();
    TimingCache cache(device_->description());
    register_all_tactics();
    for (const Tactic* tactic : TacticCatalogue::instance().all()) {
      if (tactic->device() != DeviceKind::kCuda) continue;
      Problem problem = problem_of(layer, {Format::kLinear, Format::kLinear}, {Format::kLinear}, false, shapes.opt, device_.get());
      for (const Tactic::Formats& formats : tactic->proposals(problem)) {
        problem.input_formats = formats.inputs;
        problem.output_formats = formats.outputs;
        cache.set(timing_key(*tactic, problem), library_of(tactic->name()).empty() ? 1.0f : library_ms);
      }
    }
    SelectOptions options;
    options.device = device_.get();
    options.cache = &cache;
    options.measure = false;
    auto selection = select(*network, options);
    EXPECT_TRUE(selection.ok()) << (selection.ok() ? "" : selection.error().message);
    return selection.ok() ? selection->choices[0].tactic : "";
  };
  EXPECT_EQ(library_of(chosen_with(0.5f)), "cublaslt");
  EXPECT_EQ(library_of(chosen_with(0.99f)), "cublaslt");
  EXPECT_EQ(library_of(chosen_with(0.998f)), "");
}

TEST_F(CudaMeasure, figures_belong_to_the_version_of_the_library) {
  if (!count_) GTEST_SKIP() << "the emulated library has the version that it is told";
  auto network = network_of("input x [4, 64]\nweights w float [64, 32] = seed 1\ny = matmul(x, w)\noutput y\n");
  ASSERT_TRUE(network);
  register_all_tactics();
  const ShapeCase shapes = shape_case(*network).value();
  const Problem problem =
      problem_of(*network->layers()[0], {Format::kLinear, Format::kLinear}, {Format::kLinear}, false, shapes.opt, device_.get());
  const auto key_of = [&](const char* tactic) { return timing_key(*TacticCatalogue::instance().find(tactic), problem); };
  const Hash128 library = key_of("cuda.matmul_cublaslt_0"), own = key_of("cuda.matmul");
  setenv("EMULATED_CUBLASLT_VERSION", "130100", 1);
  EXPECT_NE(key_of("cuda.matmul_cublaslt_0"), library);
  EXPECT_EQ(key_of("cuda.matmul"), own);
  unsetenv("EMULATED_CUBLASLT_VERSION");
}

}  // namespace
}  // namespace ingot
