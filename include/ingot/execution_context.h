// One running use of an engine: its shapes, its addresses, its activations.
#pragma once

#include "allocators.h"
#include "engine.h"
#include "logger.h"
#include "streams.h"

namespace nvinfer1 {

// A context serves one thread at a time. A run that is queued must be over before its shapes or addresses change.
class IExecutionContext : public INoCopy {
 public:
  ~IExecutionContext() noexcept override = default;

  virtual ICudaEngine const& getEngine() const noexcept = 0;
  virtual void setName(char const* name) noexcept = 0;  // copied
  virtual char const* getName() const noexcept = 0;

  // ---- Shapes ----

  // Profile 0 is chosen where nothing else is. The change happens in the order of the stream. False where there is no such profile.
  virtual bool setOptimizationProfileAsync(int32_t profileIndex, cudaStream_t stream) noexcept = 0;
  virtual int32_t getOptimizationProfile() const noexcept = 0;  // -1 where none is chosen

  // Shape of an input, for the next runs. False where the profile does not allow it; the log says the range.
  bool setInputShape(char const* tensorName, Dims const& dims) noexcept { return setInputShape64_(tensorName, impl::widen(dims)); }
  // Shape of an input or output as far as it follows from what was set; -1 where it does not, nbDims -1 for an unknown name.
  Dims getTensorShape(char const* tensorName) const noexcept { return impl::narrow<Dims>(getTensorShape64_(tensorName)); }
  // Elements from one index to the next in each dimension, as the tensor lies in memory.
  Dims getTensorStrides(char const* tensorName) const noexcept { return impl::narrow<Dims>(getTensorStrides64_(tensorName)); }
  // Computes the shapes of all outputs. Returns 0, or the number of inputs whose shape or values are missing, the first nbMaxNames
  // of which are named in tensorNames (which may be null), or a negative number on an error.
  virtual int32_t inferShapes(int32_t nbMaxNames, char const** tensorNames) noexcept = 0;
  virtual bool allInputDimensionsSpecified() const noexcept = 0;
  // Bytes that an output may take at most, with the shapes that are set; 0 where that is not known.
  virtual int64_t getMaxOutputSize(char const* tensorName) const noexcept = 0;

  // ---- Addresses ----

  // Memory of an input or output: device memory, or host memory where ICudaEngine::getTensorLocation says kHOST. Null takes it
  // away. False for an unknown name.
  virtual bool setTensorAddress(char const* tensorName, void* data) noexcept = 0;
  virtual bool setInputTensorAddress(char const* tensorName, void const* data) noexcept = 0;
  virtual bool setOutputTensorAddress(char const* tensorName, void* data) noexcept = 0;
  virtual void const* getTensorAddress(char const* tensorName) const noexcept = 0;
  virtual void* getOutputTensorAddress(char const* tensorName) const noexcept = 0;
  // For outputs whose size only the run tells. Null gives the address back its meaning.
  virtual bool setOutputAllocator(char const* tensorName, IOutputAllocator* outputAllocator) noexcept = 0;
  virtual IOutputAllocator* getOutputAllocator(char const* tensorName) const noexcept = 0;

  // ---- Running ----

  // Queues a run on the stream with the shapes and addresses that are set. False where one is missing or queuing failed.
  virtual bool enqueueV3(cudaStream_t stream) noexcept = 0;
  // Runs and waits; `bindings` holds one address for each input and output in the order of their indices.
  virtual bool executeV2(void* const* bindings) noexcept = 0;
  // Recorded on the stream when the inputs have been read and may be overwritten; null for none.
  virtual bool setInputConsumedEvent(cudaEvent_t event) noexcept = 0;
  virtual cudaEvent_t getInputConsumedEvent() const noexcept = 0;
  // Streams for work beside the main one, at most ICudaEngine::getNbAuxStreams() are used.
  virtual void setAuxStreams(cudaStream_t* auxStreams, int32_t nbStreams) noexcept = 0;

  // ---- Memory ----

  // Device memory for the activations, of at least `size` bytes, 256-byte aligned, for contexts that were created without.
  virtual void setDeviceMemoryV2(void* memory, int64_t size) noexcept = 0;
  // Bytes that setDeviceMemoryV2 needs for the shapes that are set; 0 on an error.
  virtual std::size_t updateDeviceMemorySizeForShapes() noexcept = 0;
  // Allocates what a run needs only while it runs. Null goes back to the library's own allocator.
  virtual bool setTemporaryStorageAllocator(IGpuAllocator* allocator) noexcept = 0;
  virtual IGpuAllocator* getTemporaryStorageAllocator() const noexcept = 0;
  // Bytes of the device's second-level cache that activations may keep to themselves.
  virtual void setPersistentCacheLimit(std::size_t size) noexcept = 0;
  virtual std::size_t getPersistentCacheLimit() const noexcept = 0;
  virtual IRuntimeConfig* getRuntimeConfig() const noexcept = 0;

  // ---- Looking inside ----

  // Receives the time of each layer. Measuring makes runs slower and lets enqueueV3 wait.
  virtual void setProfiler(IProfiler* profiler) noexcept = 0;
  virtual IProfiler* getProfiler() const noexcept = 0;
  // False keeps the times of a run until reportToProfiler() asks for them, which lets enqueueV3 return at once. True at first.
  virtual void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept = 0;
  virtual bool getEnqueueEmitsProfile() const noexcept = 0;
  virtual bool reportToProfiler() const noexcept = 0;
  // True waits after each layer, so that an error is told where it happened.
  virtual void setDebugSync(bool sync) noexcept = 0;
  virtual bool getDebugSync() const noexcept = 0;
  virtual bool setNvtxVerbosity(ProfilingVerbosity verbosity) noexcept = 0;
  virtual ProfilingVerbosity getNvtxVerbosity() const noexcept = 0;
  // Receives the values of tensors that the network marked for debugging and that are switched on here.
  virtual bool setDebugListener(IDebugListener* listener) noexcept = 0;
  virtual IDebugListener* getDebugListener() noexcept = 0;
  virtual bool setTensorDebugState(char const* name, bool flag) noexcept = 0;
  virtual bool getDebugState(char const* name) const noexcept = 0;
  virtual bool setAllTensorsDebugState(bool flag) noexcept = 0;
  virtual bool setUnfusedTensorsDebugState(bool flag) noexcept = 0;
  virtual bool getUnfusedTensorsDebugState() const noexcept = 0;

  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
  // An NCCL communicator, for networks that span several devices.
  virtual bool setCommunicator(void* communicator) noexcept = 0;

  // ---- Retired ----

  // Bindings by index, up to generation 9.
  virtual bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept = 0;
  bool setBindingDimensions(int32_t bindingIndex, Dims const& dimensions) noexcept {
    return setBindingDimensions64_(bindingIndex, impl::widen(dimensions));
  }
  Dims getBindingDimensions(int32_t bindingIndex) const noexcept { return impl::narrow<Dims>(getBindingDimensions64_(bindingIndex)); }
  Dims getStrides(int32_t bindingIndex) const noexcept { return impl::narrow<Dims>(getStrides64_(bindingIndex)); }
  virtual bool setInputShapeBinding(int32_t bindingIndex, int32_t const* data) noexcept = 0;
  virtual bool getShapeBinding(int32_t bindingIndex, int32_t* data) const noexcept = 0;
  virtual bool setOptimizationProfile(int32_t profileIndex) noexcept = 0;

  // Implicit batch, up to generation 9.
  virtual bool execute(int32_t batchSize, void* const* bindings) noexcept = 0;
  virtual bool enqueue(int32_t batchSize, void* const* bindings, cudaStream_t stream, cudaEvent_t* inputConsumed) noexcept = 0;

  virtual bool allInputShapesSpecified() const noexcept = 0;
  virtual void setDeviceMemory(void* memory) noexcept = 0;
  void destroy() noexcept { delete this; }

 protected:
  virtual bool setInputShape64_(char const* tensorName, Dims64 const& dims) noexcept = 0;
  virtual Dims64 getTensorShape64_(char const* tensorName) const noexcept = 0;
  virtual Dims64 getTensorStrides64_(char const* tensorName) const noexcept = 0;
  virtual bool setBindingDimensions64_(int32_t bindingIndex, Dims64 const& dimensions) noexcept = 0;
  virtual Dims64 getBindingDimensions64_(int32_t bindingIndex) const noexcept = 0;
  virtual Dims64 getStrides64_(int32_t bindingIndex) const noexcept = 0;
};

}  // namespace nvinfer1
