// One running use of an engine: its shapes, its addresses, its activations.
#pragma once

#include "allocators.h"
#include "engine.h"
#include "logger.h"
#include "streams.h"

namespace nvinfer1 {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

// A context serves one thread at a time. A run that is queued must be over before its shapes or addresses change. Engines make
// contexts; one that a program makes itself is empty, to be replaced: it refuses everything, and has no engine to be asked for.
class IExecutionContext : public INoCopy {
 public:
  ~IExecutionContext() noexcept override = default;

  virtual ICudaEngine const& getEngine() const noexcept { __builtin_trap(); }
  virtual void setName(char const* name) noexcept {}  // copied
  virtual char const* getName() const noexcept { return {}; }

  // ---- Shapes ----

  // Profile 0 is chosen where nothing else is. The change happens in the order of the stream. False where there is no such profile.
  virtual bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept { return {}; }
  virtual int32_t getOptimizationProfile() const noexcept { return -1; }  // -1 where none is chosen

  // Shape of an input, for the next runs. False where the profile does not allow it; the log says the range.
  bool setInputShape(char const* tensorName, Dims const& dims) noexcept { return setInputShape64_(tensorName, impl::widen(dims)); }
  // Shape of an input or output as far as it follows from what was set; -1 where it does not, nbDims -1 for an unknown name.
  Dims getTensorShape(char const* tensorName) const noexcept { return impl::narrow<Dims>(getTensorShape64_(tensorName)); }
  // Elements from one index to the next in each dimension, as the tensor lies in memory.
  Dims getTensorStrides(char const* tensorName) const noexcept { return impl::narrow<Dims>(getTensorStrides64_(tensorName)); }
  // Computes the shapes of all outputs. Returns 0, or the number of inputs whose shape or values are missing, the first nbMaxNames
  // of which are named in tensorNames (which may be null), or a negative number on an error.
  virtual int32_t inferShapes(int32_t nbMaxNames, char const** tensorNames) noexcept { return -1; }
  virtual bool allInputDimensionsSpecified() const noexcept { return {}; }
  // Bytes that an output may take at most, with the shapes that are set; 0 where that is not known.
  virtual int64_t getMaxOutputSize(char const* tensorName) const noexcept { return {}; }

  // ---- Addresses ----

  // Memory of an input or output: device memory, or host memory where ICudaEngine::getTensorLocation says kHOST. Null takes it
  // away. False for an unknown name.
  virtual bool setTensorAddress(char const* tensorName, void* data) noexcept { return {}; }
  virtual bool setInputTensorAddress(char const* tensorName, void const* data) noexcept { return {}; }
  virtual bool setOutputTensorAddress(char const* tensorName, void* data) noexcept { return {}; }
  virtual void const* getTensorAddress(char const* tensorName) const noexcept { return {}; }
  virtual void* getOutputTensorAddress(char const* tensorName) const noexcept { return {}; }
  // For outputs whose size only the run tells. Null gives the address back its meaning.
  virtual bool setOutputAllocator(char const* tensorName, IOutputAllocator* outputAllocator) noexcept { return {}; }
  virtual IOutputAllocator* getOutputAllocator(char const* tensorName) const noexcept { return {}; }

  // ---- Running ----

  // Queues a run on the stream with the shapes and addresses that are set. False where one is missing or queuing failed.
  virtual bool enqueueV3(cudaStream_t stream) noexcept { return {}; }
  // Runs and waits; `bindings` holds one address for each input and output in the order of their indices.
  virtual bool executeV2(void* const* bindings) noexcept { return {}; }
  // Recorded on the stream when the inputs have been read and may be overwritten; null for none.
  virtual bool setInputConsumedEvent(cudaEvent_t event) noexcept { return {}; }
  virtual cudaEvent_t getInputConsumedEvent() const noexcept { return {}; }
  // Streams for work beside the main one, at most ICudaEngine::getNbAuxStreams() are used.
  virtual void setAuxStreams(cudaStream_t* auxStreams, int32_t nbStreams) noexcept {}

  // ---- Memory ----

  // Device memory for the activations, of at least `size` bytes, 256-byte aligned, for contexts that were created without.
  virtual void setDeviceMemoryV2(void* memory, int64_t size) noexcept {}
  // Bytes that setDeviceMemoryV2 needs for the shapes that are set; 0 on an error.
  virtual std::size_t updateDeviceMemorySizeForShapes() noexcept { return {}; }
  // Allocates what a run needs only while it runs. Null goes back to the library's own allocator.
  virtual bool setTemporaryStorageAllocator(IGpuAllocator* allocator) noexcept { return {}; }
  virtual IGpuAllocator* getTemporaryStorageAllocator() const noexcept { return {}; }
  // Bytes of the device's second-level cache that activations may keep to themselves.
  virtual void setPersistentCacheLimit(std::size_t size) noexcept {}
  virtual std::size_t getPersistentCacheLimit() const noexcept { return {}; }
  virtual IRuntimeConfig* getRuntimeConfig() const noexcept { return {}; }

  // ---- Looking inside ----

  // Receives the time of each layer. Measuring makes runs slower and lets enqueueV3 wait.
  virtual void setProfiler(IProfiler* profiler) noexcept {}
  virtual IProfiler* getProfiler() const noexcept { return {}; }
  // False keeps the times of a run until reportToProfiler() asks for them, which lets enqueueV3 return at once. True at first.
  virtual void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept {}
  virtual bool getEnqueueEmitsProfile() const noexcept { return {}; }
  virtual bool reportToProfiler() const noexcept { return {}; }
  // True waits after each layer, so that an error is told where it happened.
  virtual void setDebugSync(bool sync) noexcept {}
  virtual bool getDebugSync() const noexcept { return {}; }
  virtual bool setNvtxVerbosity(ProfilingVerbosity verbosity) noexcept { return {}; }
  virtual ProfilingVerbosity getNvtxVerbosity() const noexcept { return {}; }
  // Receives the values of tensors that the network marked for debugging and that are switched on here.
  virtual bool setDebugListener(IDebugListener* listener) noexcept { return {}; }
  virtual IDebugListener* getDebugListener() noexcept { return {}; }
  virtual bool setTensorDebugState(char const* name, bool flag) noexcept { return {}; }
  virtual bool getDebugState(char const* name) const noexcept { return {}; }
  virtual bool setAllTensorsDebugState(bool flag) noexcept { return {}; }
  virtual bool setUnfusedTensorsDebugState(bool flag) noexcept { return {}; }
  virtual bool getUnfusedTensorsDebugState() const noexcept { return {}; }

  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept {}
  virtual IErrorRecorder* getErrorRecorder() const noexcept { return {}; }
  // An NCCL communicator, for networks that span several devices.
  virtual bool setCommunicator(void* communicator) noexcept { return {}; }

  // ---- Retired ----

  // Bindings by index, up to generation 9.
  virtual bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept { return {}; }
  bool setBindingDimensions(int32_t bindingIndex, Dims const& dimensions) noexcept {
    return setBindingDimensions64_(bindingIndex, impl::widen(dimensions));
  }
  Dims getBindingDimensions(int32_t bindingIndex) const noexcept { return impl::narrow<Dims>(getBindingDimensions64_(bindingIndex)); }
  Dims getStrides(int32_t bindingIndex) const noexcept { return impl::narrow<Dims>(getStrides64_(bindingIndex)); }
  virtual bool setInputShapeBinding(int32_t bindingIndex, int32_t const* data) noexcept { return {}; }
  virtual bool getShapeBinding(int32_t bindingIndex, int32_t* data) const noexcept { return {}; }
  virtual bool setOptimizationProfile(int32_t profileIndex) noexcept { return {}; }

  // Implicit batch, up to generation 9.
  virtual bool execute(int32_t batchSize, void* const* bindings) noexcept { return {}; }
  virtual bool enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept { return {}; }

  virtual bool allInputShapesSpecified() const noexcept { return {}; }
  virtual void setDeviceMemory(void* memory) noexcept {}
  void destroy() noexcept { delete this; }

 protected:
  virtual bool setInputShape64_(char const* tensorName, Dims64 const& dims) noexcept { return {}; }
  virtual Dims64 getTensorShape64_(char const* tensorName) const noexcept { return Dims64{-1, {}}; }
  virtual Dims64 getTensorStrides64_(char const* tensorName) const noexcept { return Dims64{-1, {}}; }
  virtual bool setBindingDimensions64_(int32_t bindingIndex, Dims64 const& dimensions) noexcept { return {}; }
  virtual Dims64 getBindingDimensions64_(int32_t bindingIndex) const noexcept { return Dims64{-1, {}}; }
  virtual Dims64 getStrides64_(int32_t bindingIndex) const noexcept { return Dims64{-1, {}}; }
};

#pragma GCC diagnostic pop

}  // namespace nvinfer1
