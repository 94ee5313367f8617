// One stream of an engine: its context, buffers and events.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inference.h"

namespace ingot::trtexec {

// False, and an error line, where a call of the CUDA runtime failed.
bool succeeded(cudaError_t code, const char* call);

// Memory of the runtime, on the device or pinned on the host.
class Buffer {
 public:
  explicit Buffer(bool on_device) : on_device_(on_device) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }
  // At least `bytes`; what it held is lost where it grows. A size of 0 gets memory too, for addresses are not null.
  bool reserve(size_t bytes);
  void* data() const { return data_; }

 private:
  void release();
  bool on_device_;
  void* data_ = nullptr;
  size_t capacity_ = 0;
};

// An input or output and its memory on both sides.
struct Binding {
  std::string name;
  bool is_input = false, on_host = false;  // on_host: the engine reads or writes host memory itself
  Layout layout;
  Buffer host{false}, device{true};
  void* address() const { return on_host ? host.data() : device.data(); }
};

// Memory for an output whose shape only the run tells.
class GrowingOutput final : public nvinfer1::IOutputAllocator {
 public:
  explicit GrowingOutput(Binding& binding) : binding_(binding) {}
  void* reallocateOutputAsync(char const*, void*, uint64_t size, uint64_t, cudaStream_t) override {
    return binding_.device.reserve(size) ? binding_.device.data() : nullptr;
  }
  void notifyShape(char const*, nvinfer1::Dims const& dims) override { binding_.layout.dims = dims; }

 private:
  Binding& binding_;
};

// Gathers the times of layers while it is switched on.
class LayerProfiler final : public nvinfer1::IProfiler {
 public:
  void reportLayerTime(char const* name, float ms) override;
  void set_on(bool on) { on_ = on; }
  const std::vector<LayerTimes>& layers() const { return layers_; }

 private:
  std::atomic<bool> on_{false};
  std::vector<LayerTimes> layers_;
  std::map<std::string, size_t> index_;
};

class Lane {
 public:
  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  // Creates the context and the buffers, and fills the inputs. `first` lets it say what it does.
  bool prepare(const Options& options, nvinfer1::ICudaEngine& engine, bool first);
  nvinfer1::IExecutionContext& context() { return *context_; }
  // Records the beginning of the measurement.
  bool begin();
  // Queues copies and a run; `finish` waits for them and tells their times.
  bool start();
  bool finish(Query& query);
  // Receives times of layers from now on; a captured graph is given up, for it has no layers.
  void profile(LayerProfiler& profiler);
  bool take_outputs(std::vector<OutputValues>& outputs);

 private:
  bool set_shapes(const Options& options, nvinfer1::ICudaEngine& engine, bool first);
  bool fill_input(const Options& options, Binding& binding, bool first);
  bool set_host_values(const Options& options, nvinfer1::ICudaEngine& engine, Binding& binding);
  bool make_outputs(nvinfer1::ICudaEngine& engine, bool first);
  bool copy(Binding& binding, bool to_device);
  void capture();

  const Options* options_ = nullptr;
  Buffer memory_{true};  // of activations, where the context takes none
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  std::vector<std::unique_ptr<Binding>> bindings_;
  std::vector<std::unique_ptr<GrowingOutput>> growing_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t origin_ = nullptr, marks_[4] = {};  // before the copy in, before the run, after it, after the copy out
  cudaGraphExec_t graph_ = nullptr;
  double origin_ms_ = 0, enqueue_start_ = 0, enqueue_end_ = 0;
};

}  // namespace ingot::trtexec
