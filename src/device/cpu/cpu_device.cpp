// The CPU as a device: host memory, and the program's streams through whatever CUDA runtime it has loaded.
#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/cpu_info.h"
#include "device/device.h"

namespace ingot {
namespace {

constexpr double kLeastSeconds = 0.004, kMostSeconds = 0.06;  // of measuring
constexpr int kLeastRuns = 3, kMostRuns = 40;

// Of the CUDA runtime that the program loaded; this library links none.
struct Runtime {
  int (*launch_host_func)(void* stream, void (*work)(void*), void* context) = nullptr;
  int (*stream_synchronize)(void* stream) = nullptr;
  int (*stream_is_capturing)(void* stream, int* status) = nullptr;
  const char* (*get_error_string)(int error) = nullptr;

  static Runtime look_up() {
    Runtime runtime;
    find(runtime.launch_host_func, "cudaLaunchHostFunc");
    find(runtime.stream_synchronize, "cudaStreamSynchronize");
    find(runtime.stream_is_capturing, "cudaStreamIsCapturing");
    find(runtime.get_error_string, "cudaGetErrorString");
    return runtime;
  }
  template <class Function>
  static void find(Function& function, const char* name) {
    void* symbol = dlsym(RTLD_DEFAULT, name);
    std::memcpy(&function, &symbol, sizeof symbol);
  }
  Error error(const char* call, int code) const {
    return internal(std::string(call) + " failed: " + (get_error_string ? get_error_string(code) : std::to_string(code).c_str()));
  }
};

// Looked up at each use until found: a program may load its runtime late.
const Runtime& runtime() {
  static const Runtime none;
  static Runtime found;
  static std::atomic<bool> is_found{false};
  static std::mutex mutex;
  if (is_found.load(std::memory_order_acquire)) return found;
  const std::lock_guard lock(mutex);
  if (is_found.load(std::memory_order_relaxed)) return found;
  found = Runtime::look_up();
  if (!found.launch_host_func) return none;
  is_found.store(true, std::memory_order_release);
  return found;
}

constexpr size_t kHugePage = size_t{2} << 20;

class CpuDevice final : public Device {
 public:
  CpuDevice() : description_("cpu " + cpu_name() + " " + std::string(name_of(machine_isa()))) {}

  DeviceKind kind() const override { return DeviceKind::kCpu; }
  const std::string& description() const override { return description_; }

  Result<void*> allocate(size_t bytes, size_t alignment) override {
    // Activations of many megabytes lie in huge pages, or kernels that walk them wait for page tables.
    const bool is_huge = bytes >= 2 * kHugePage;
    if (is_huge) alignment = std::max(alignment, kHugePage);
    const size_t rounded = (bytes + alignment) / alignment * alignment;
    void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
    if (!memory) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes");
    if (is_huge) madvise(memory, rounded, MADV_HUGEPAGE);
    return memory;
  }
  void release(void* address) override { std::free(address); }

  Status enqueue(Stream stream, void (*work)(void*), void* context) override {
    if (const Runtime& cuda = runtime(); cuda.launch_host_func) {
      if (const int code = cuda.launch_host_func(stream.handle, work, context)) return cuda.error("cudaLaunchHostFunc", code);
      return Ok{};
    }
    if (stream.handle) return invalid("a stream is given, but the program has loaded no CUDA runtime; link libcudart");
    work(context);
    return Ok{};
  }
  bool is_captured(Stream stream) override {
    int status = 0;  // cudaStreamCaptureStatusNone; the default stream is never captured
    const Runtime& cuda = runtime();
    return stream.handle && cuda.stream_is_capturing && cuda.stream_is_capturing(stream.handle, &status) == 0 && status != 0;
  }
  Status synchronize(Stream stream) override {
    if (const Runtime& cuda = runtime(); cuda.stream_synchronize) {
      if (const int code = cuda.stream_synchronize(stream.handle)) return cuda.error("cudaStreamSynchronize", code);
    }
    return Ok{};
  }
  Status copy(void* to, const void* from, size_t bytes, Stream stream) override {
    TRY(synchronize(stream));
    if (bytes > 0) std::memcpy(to, from, bytes);
    return Ok{};
  }

  Result<double> measure_ms(const std::function<Status(Stream)>& run) override {
    using Clock = std::chrono::steady_clock;
    TRY(run({}));
    std::vector<double> times;
    double total = 0;
    while (static_cast<int>(times.size()) < kMostRuns && (static_cast<int>(times.size()) < kLeastRuns || total < kLeastSeconds) &&
           total < kMostSeconds) {
      const auto begin = Clock::now();
      TRY(run({}));
      times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
      total += times.back();
    }
    // The machine may be shared: what others take makes a time longer, never shorter. The lower quartile keeps clear of that.
    std::sort(times.begin(), times.end());
    return times[times.size() / 4] * 1e3;
  }

 private:
  std::string description_;
};

}  // namespace

std::shared_ptr<Device> cpu_device() {
  static const std::shared_ptr<Device> device = std::make_shared<CpuDevice>();
  return device;
}

}  // namespace ingot
