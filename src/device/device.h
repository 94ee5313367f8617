// Memory, streams and events of one device. CPU and CUDA implement it; nothing above knows which one it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace ingot {

enum class DeviceKind { kCpu, kCuda };

// The program's stream (a cudaStream_t), or null for the default one.
struct Stream {
  void* handle = nullptr;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceKind kind() const = 0;
  // Names kernels' timings: model, unit counts, library versions.
  virtual const std::string& description() const = 0;

  virtual Result<void*> allocate(size_t bytes, size_t alignment = 256) = 0;
  virtual void release(void* address) = 0;

  // Runs `work(context)` on the stream after all that is queued there; at once where the program has no streams.
  virtual Status enqueue(Stream stream, void (*work)(void*), void* context) = 0;
  virtual Status synchronize(Stream stream) = 0;
  // True where what is queued goes into a graph, to run any number of times later, in place of running now.
  virtual bool is_captured(Stream) { return false; }
  virtual Status copy(void* to, const void* from, size_t bytes, Stream stream) = 0;
};

// The device for this process: INGOT_DEVICE, else CUDA where it answers, else the CPU.
Result<std::shared_ptr<Device>> default_device();
std::shared_ptr<Device> cpu_device();

}  // namespace ingot
