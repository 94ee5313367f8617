// One NVIDIA GPU: its primary context, which the program's CUDA runtime uses too, so that streams and pointers are the same.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "device/cuda/driver.h"
#include "device/cuda/kernel_compiler.h"
#include "device/device.h"
#include "device/memory_supply.h"

namespace ingot::cuda {

struct GridSize {
  int64_t x = 1, y = 1, z = 1;
};

class CudaDevice final : public Device {
 public:
  // The number of a GPU that is there; -1 stands for the one that the program has chosen, else the first.
  static Result<int> resolve(int ordinal);
  static Result<std::shared_ptr<CudaDevice>> make(int ordinal);
  ~CudaDevice() override;

  DeviceKind kind() const override { return DeviceKind::kCuda; }
  const std::string& description() const override { return description_; }
  int ordinal() const override { return ordinal_; }
  bool is_asynchronous() const override { return true; }
  bool is_fast_in_half() const override { return capability_ >= 70; }
  Result<void*> allocate(size_t bytes, size_t alignment) override;
  void release(void* address) override;
  Status enqueue(Stream stream, void (*work)(void*), void* context) override;
  Status synchronize(Stream stream) override;
  bool is_captured(Stream stream) override;
  // CUDA graphs.
  Result<std::shared_ptr<Recording>> record(const std::function<Status(Stream stream)>& run, std::shared_ptr<Recording> previous) override;
  Status replay(Recording& recording, Stream stream) override;
  Status copy(void* to, const void* from, size_t bytes, Stream stream) override;
  Status check_address(const void* address) const override;
  // Of a run that finds nothing in the second-level cache.
  Result<double> measure_ms(const std::function<Status(Stream)>& run) override;

  // Runs work on a stream of the device's own, beside what the program captures, and waits for it.
  Status run_now(const std::function<Status(Stream)>& work) const;
  // Device to device, as part of the stream.
  Status queue_copy(void* to, const void* from, size_t bytes, Stream stream) const;
  Status queue_zeros(void* to, size_t bytes, Stream stream) const;

  const Driver& driver() const { return driver_; }
  const KernelCompiler& compiler() const { return compiler_; }
  const std::string& architecture() const { return architecture_; }
  int compute_capability() const { return capability_; }  // 90
  int multiprocessors() const { return multiprocessors_; }
  bool has_clusters() const { return has_clusters_; }

  // The kernel `name` of `source`, compiled and loaded at the first call; it lives as long as the device.
  Result<CuFunction> function(const std::string& source, const std::string& name);
  // The same of code that a program brings: PTX with a 0 at its end, or a binary.
  Result<CuFunction> loaded_function(const std::string& image, const std::string& name);
  // `block` threads each, and `shared_bytes` besides what the kernel declares; `arguments` holds the address of each of its parameters.
  Status launch(CuFunction function, GridSize grid, int block, size_t shared_bytes, void** arguments, Stream stream) const;
  // The same with blocks of several dimensions.
  Status launch_blocks(CuFunction function, GridSize grid, GridSize block, size_t shared_bytes, void** arguments, Stream stream) const;
  // The context is that of the calling thread from now on.
  Status make_current() const;

 private:
  CudaDevice(const Driver& driver, const KernelCompiler& compiler, int ordinal) : driver_(driver), compiler_(compiler), ordinal_(ordinal) {}
  Status open();
  void open_pool();
  // From the program's own supply.
  Result<void*> allocate_from(const std::shared_ptr<const MemorySupply>& supply, size_t bytes);
  // The work of `repeats` calls as one graph; null where it cannot be captured.
  CuGraphExec captured(const std::function<Status(Stream)>& run, int repeats);
  // Reads through `bytes` of memory, which puts what else the second-level cache holds out of it.
  Status flush_cache(const void* memory, size_t bytes, Stream stream);

  const Driver& driver_;
  const KernelCompiler& compiler_;
  int ordinal_ = 0, capability_ = 0, multiprocessors_ = 0, cache_bytes_ = 0;
  bool has_clusters_ = false;
  CuContext context_ = nullptr;
  CuStream own_stream_ = nullptr;
  CuMemoryPool pool_ = nullptr;  // null where the device has none
  std::string description_, architecture_;
  std::mutex mutex_;
  std::unordered_map<std::string, CuModule> modules_;  // by digest of the source
  std::unordered_map<std::string, CuFunction> functions_;
  std::mutex given_mutex_;
  std::unordered_map<void*, std::shared_ptr<const MemorySupply>> given_;  // memory that programs gave, and whose it is
};

}  // namespace ingot::cuda
