// Memory, streams and timing of one device. CPU and CUDA implement it; nothing above knows which one it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace ingot {

enum class DeviceKind { kCpu, kCuda };

// The program's stream (a cudaStream_t), or null for the default one.
struct Stream {
  void* handle = nullptr;
};

// Work that was put on a stream once and can be run again with one call.
class Recording {
 public:
  virtual ~Recording() = default;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceKind kind() const = 0;
  // Names kernels' timings: model, unit counts, library versions.
  virtual const std::string& description() const = 0;
  // Which one of its kind.
  virtual int ordinal() const { return 0; }
  // Whether steps only put their work on the stream: what they compute is there once the stream is synchronized, and the host cannot
  // read the device's memory without copy().
  virtual bool is_asynchronous() const { return false; }
  // Whether products of 16-bit floats (half) are faster than those of floats.
  virtual bool is_fast_in_half() const { return false; }

  virtual Result<void*> allocate(size_t bytes, size_t alignment = 256) = 0;
  // Waits for what still uses the memory.
  virtual void release(void* address) = 0;

  // The CPU runs `work(context)` on the stream after all that is queued there; at once where the program has no streams. An asynchronous
  // device runs it at once, and what it puts on the stream runs in the stream's order.
  virtual Status enqueue(Stream stream, void (*work)(void*), void* context) = 0;
  virtual Status synchronize(Stream stream) = 0;
  // True where what is queued goes into a graph, to run any number of times later, in place of running now.
  virtual bool is_captured(Stream) { return false; }
  // Keeps what `run` puts on the stream that it is given, without running it. `previous`, which nobody replays any more, may be made into
  // the new one. Devices that run at once keep nothing.
  virtual Result<std::shared_ptr<Recording>> record(const std::function<Status(Stream stream)>& /*run*/,
                                                    std::shared_ptr<Recording> /*previous*/) {
    return unsupported("this device keeps no recordings");
  }
  // Runs it behind what is queued on the stream.
  virtual Status replay(Recording& /*recording*/, Stream) { return unsupported("this device keeps no recordings"); }
  // Between any two of the host's and the device's memory, behind what is queued on the stream; done when it returns.
  virtual Status copy(void* to, const void* from, size_t bytes, Stream stream) = 0;
  // An error where `address` is no memory that steps can read and write.
  virtual Status check_address(const void* /*address*/) const { return Ok{}; }

  // Milliseconds that one call of `run` takes; on an asynchronous device the time of the work that it puts on the stream.
  virtual Result<double> measure_ms(const std::function<Status(Stream stream)>& run) = 0;
};

// The device for this process: INGOT_DEVICE ("cpu", "cuda" or a number), else CUDA where it answers, else the CPU. A program that loaded
// the stand-in for the CUDA runtime gets the CPU. The first call says in the log what was found.
Result<std::shared_ptr<Device>> default_device(Log& log = null_log());
std::shared_ptr<Device> cpu_device();
// An error says what is missing: the driver, a GPU, or the compiler of kernels.
Result<std::shared_ptr<Device>> cuda_device(int ordinal, Log& log = null_log());

}  // namespace ingot
