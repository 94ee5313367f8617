// The runtime for safety-critical programs, generations 8 to 10. Ingot runs every engine in it as in the ordinary one.
#pragma once

#include "NvInferRuntime.h"

namespace nvinfer1 {
namespace safe {

class IExecutionContext;

// ---- Errors of a computation ----

enum class RuntimeErrorType : uint64_t {
  kNAN_CONSUMED = 1,
  kINF_CONSUMED = 2,
  kGATHER_OOB = 4,  // an index outside of its dimension
  kSCATTER_OOB = 8,
  kSCATTER_RACE = 16,  // two updates of one element
};

// What happened, as bits of RuntimeErrorType. From generation 9 on.
struct RuntimeErrorInformation {
  uint64_t bitMask;
};

// How often it happened. Up to generation 8.
struct FloatingPointErrorInformation {
  int32_t nbNanErrors;
  int32_t nbInfErrors;
};

#if NV_TENSORRT_MAJOR >= 9
using ErrorInformation = RuntimeErrorInformation;
#else
using ErrorInformation = FloatingPointErrorInformation;
#endif

// ---- Running: the classes of NvInferRuntime.h with what a safe program needs ----

class ICudaEngine {
 public:
  ICudaEngine() = default;
  ICudaEngine(ICudaEngine const&) = delete;
  ICudaEngine(ICudaEngine&&) = delete;
  ICudaEngine& operator=(ICudaEngine const&) & = delete;
  ICudaEngine& operator=(ICudaEngine&&) & = delete;
  virtual ~ICudaEngine() noexcept = default;

  virtual int32_t getNbIOTensors() const noexcept = 0;
  virtual AsciiChar const* getIOTensorName(int32_t const index) const noexcept = 0;
  virtual TensorIOMode getTensorIOMode(AsciiChar const* const tensorName) const noexcept = 0;
  Dims getTensorShape(AsciiChar const* const tensorName) const noexcept { return impl::narrow<Dims>(getTensorShape64_(tensorName)); }
  virtual DataType getTensorDataType(AsciiChar const* const tensorName) const noexcept = 0;
  virtual TensorFormat getTensorFormat(AsciiChar const* const tensorName) const noexcept = 0;
  virtual int32_t getTensorBytesPerComponent(AsciiChar const* const tensorName) const noexcept = 0;
  virtual int32_t getTensorComponentsPerElement(AsciiChar const* const tensorName) const noexcept = 0;
  virtual int32_t getTensorVectorizedDim(AsciiChar const* const tensorName) const noexcept = 0;

  virtual IExecutionContext* createExecutionContext() noexcept = 0;
  virtual IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept = 0;
  virtual size_t getDeviceMemorySize() const noexcept = 0;
  virtual AsciiChar const* getName() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* const recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // ---- Retired: bindings by index, up to generation 9 ----
  virtual int32_t getNbBindings() const noexcept = 0;
  virtual int32_t getBindingIndex(AsciiChar const* const name) const noexcept = 0;
  virtual AsciiChar const* getBindingName(int32_t const bindingIndex) const noexcept = 0;
  virtual bool bindingIsInput(int32_t const bindingIndex) const noexcept = 0;
  Dims getBindingDimensions(int32_t const bindingIndex) const noexcept { return impl::narrow<Dims>(getBindingDimensions64_(bindingIndex)); }
  virtual DataType getBindingDataType(int32_t const bindingIndex) const noexcept = 0;
  virtual TensorFormat getBindingFormat(int32_t const bindingIndex) const noexcept = 0;
  virtual int32_t getBindingBytesPerComponent(int32_t const bindingIndex) const noexcept = 0;
  virtual int32_t getBindingComponentsPerElement(int32_t const bindingIndex) const noexcept = 0;
  virtual int32_t getBindingVectorizedDim(int32_t const bindingIndex) const noexcept = 0;

 protected:
  virtual Dims64 getTensorShape64_(AsciiChar const* tensorName) const noexcept = 0;
  virtual Dims64 getBindingDimensions64_(int32_t bindingIndex) const noexcept = 0;
};

class IExecutionContext {
 public:
  IExecutionContext() = default;
  IExecutionContext(IExecutionContext const&) = delete;
  IExecutionContext(IExecutionContext&&) = delete;
  IExecutionContext& operator=(IExecutionContext const&) & = delete;
  IExecutionContext& operator=(IExecutionContext&&) & = delete;
  virtual ~IExecutionContext() noexcept = default;

  virtual ICudaEngine const& getEngine() const noexcept = 0;
  virtual void setName(AsciiChar const* const name) noexcept = 0;
  virtual AsciiChar const* getName() const noexcept = 0;
  virtual void setDeviceMemory(void* const memory) noexcept = 0;

  virtual bool setInputTensorAddress(AsciiChar const* const tensorName, void const* const data) noexcept = 0;
  virtual bool setOutputTensorAddress(AsciiChar const* const tensorName, void* const data) noexcept = 0;
  virtual void const* getInputTensorAddress(AsciiChar const* const tensorName) const noexcept = 0;
  virtual void* getOutputTensorAddress(AsciiChar const* const tensorName) const noexcept = 0;
  Dims getTensorStrides(AsciiChar const* const tensorName) const noexcept { return impl::narrow<Dims>(getTensorStrides64_(tensorName)); }
  virtual bool setInputConsumedEvent(cudaEvent_t const event) noexcept = 0;
  virtual cudaEvent_t getInputConsumedEvent() const noexcept = 0;
  virtual bool enqueueV3(cudaStream_t const stream) noexcept = 0;

  // Device memory that collects what goes wrong in a run; null for none.
  void setErrorBuffer(ErrorInformation* const buffer) noexcept { setErrorBuffer_(buffer); }
  ErrorInformation* getErrorBuffer() const noexcept { return static_cast<ErrorInformation*>(getErrorBuffer_()); }
  virtual void setErrorRecorder(IErrorRecorder* const recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // ---- Retired: bindings by index, up to generation 9 ----
  virtual bool enqueueV2(void* const* const bindings, cudaStream_t const stream, cudaEvent_t const* const inputConsumed) noexcept = 0;
  Dims getStrides(int32_t const bindingIndex) const noexcept { return impl::narrow<Dims>(getStrides64_(bindingIndex)); }

 protected:
  // An ErrorInformation of the program's generation.
  virtual void setErrorBuffer_(void* buffer) noexcept = 0;
  virtual void* getErrorBuffer_() const noexcept = 0;
  virtual Dims64 getTensorStrides64_(AsciiChar const* tensorName) const noexcept = 0;
  virtual Dims64 getStrides64_(int32_t bindingIndex) const noexcept = 0;
};

class IRuntime {
 public:
  IRuntime() = default;
  IRuntime(IRuntime const&) = delete;
  IRuntime(IRuntime&&) = delete;
  IRuntime& operator=(IRuntime const&) & = delete;
  IRuntime& operator=(IRuntime&&) & = delete;
  virtual ~IRuntime() noexcept = default;

  virtual ICudaEngine* deserializeCudaEngine(void const* const blob, size_t const size) noexcept = 0;
  virtual void setGpuAllocator(IGpuAllocator* const allocator) noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* const recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
};

TENSORRTAPI IRuntime* createInferRuntime(ILogger& logger) noexcept;

// ---- Plugins ----

// Up to generation 8.5 programs know it as nvinfer1::IPluginRegistry.
class IPluginRegistry : public nvinfer1::IPluginRegistry {
 protected:
  ~IPluginRegistry() noexcept override = default;
};

extern "C" TENSORRTAPI IPluginRegistry* getSafePluginRegistry() noexcept;

// Registers a creator of class T when the program or library that contains it is loaded.
template <typename T>
class PluginRegistrar {
 public:
  PluginRegistrar() { getSafePluginRegistry()->registerCreator(instance, ""); }

 private:
  T instance{};
};

}  // namespace safe
}  // namespace nvinfer1

#define REGISTER_SAFE_TENSORRT_PLUGIN(name) \
  static nvinfer1::safe::PluginRegistrar<name> pluginRegistrar##name {}
