// The runtime of safety-critical programs, generations 6 to 10, over the ordinary one.
#include <memory>

#include "NvInferSafeRuntime.h"
#include "api/convert.h"
#include "api/library.h"
#include "api/reporter.h"

namespace ingot::api {
namespace {

using nvinfer1::DataType;
using nvinfer1::IErrorRecorder;
using nvinfer1::TensorFormat;
using nvinfer1::TensorIOMode;

// The library's own classes have the shapes with 64 bits.
WideDims wide(const nvinfer1::Dims& dims) { return nvinfer1::impl::widen(dims); }

class SafeContext final : public nvinfer1::safe::IExecutionContext {
 public:
  SafeContext(const nvinfer1::safe::ICudaEngine& engine, nvinfer1::IExecutionContext* context) : engine_(engine), context_(context) {}
  ~SafeContext() noexcept override = default;

  nvinfer1::safe::ICudaEngine const& getEngine() const noexcept override { return engine_; }
  void setName(char const* const name) noexcept override { context_->setName(name); }
  char const* getName() const noexcept override { return context_->getName(); }
  void setDeviceMemory(void* const memory) noexcept override { context_->setDeviceMemory(memory); }
  bool setInputTensorAddress(char const* const name, void const* const data) noexcept override {
    return context_->setInputTensorAddress(name, data);
  }
  bool setOutputTensorAddress(char const* const name, void* const data) noexcept override {
    return engine_.getTensorIOMode(name) == TensorIOMode::kOUTPUT && context_->setTensorAddress(name, data);
  }
  void const* getInputTensorAddress(char const* const name) const noexcept override { return context_->getTensorAddress(name); }
  void* getOutputTensorAddress(char const* const name) const noexcept override { return context_->getOutputTensorAddress(name); }
  bool setInputConsumedEvent(cudaEvent_t const event) noexcept override { return context_->setInputConsumedEvent(event); }
  cudaEvent_t getInputConsumedEvent() const noexcept override { return context_->getInputConsumedEvent(); }
  bool enqueueV3(cudaStream_t const stream) noexcept override { return context_->enqueueV3(stream); }
  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { context_->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return context_->getErrorRecorder(); }
  bool enqueueV2(void* const* const bindings, cudaStream_t const stream, cudaEvent_t const* const consumed) noexcept override {
    return context_->enqueueV2(const_cast<void**>(bindings), stream, const_cast<cudaEvent_t*>(consumed));
  }

 protected:
  // Runs write nothing there: what goes wrong is an error of the run.
  void setErrorBuffer_(void* buffer) noexcept override { buffer_ = buffer; }
  void* getErrorBuffer_() const noexcept override { return buffer_; }
  WideDims getTensorStrides64_(char const* name) const noexcept override { return wide(context_->getTensorStrides(name)); }
  WideDims getStrides64_(int32_t binding) const noexcept override { return wide(context_->getStrides(binding)); }

 private:
  const nvinfer1::safe::ICudaEngine& engine_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  void* buffer_ = nullptr;
};

class SafeEngine final : public nvinfer1::safe::ICudaEngine {
 public:
  SafeEngine(nvinfer1::ICudaEngine* engine, nvinfer1::ILogger* logger) : engine_(engine), reporter_(logger) {}
  ~SafeEngine() noexcept override = default;

  int32_t getNbIOTensors() const noexcept override { return engine_->getNbIOTensors(); }
  char const* getIOTensorName(int32_t const index) const noexcept override { return engine_->getIOTensorName(index); }
  TensorIOMode getTensorIOMode(char const* const name) const noexcept override { return engine_->getTensorIOMode(name); }
  DataType getTensorDataType(char const* const name) const noexcept override { return engine_->getTensorDataType(name); }
  TensorFormat getTensorFormat(char const* const name) const noexcept override { return engine_->getTensorFormat(name); }
  int32_t getTensorBytesPerComponent(char const* const name) const noexcept override { return engine_->getTensorBytesPerComponent(name); }
  int32_t getTensorComponentsPerElement(char const* const name) const noexcept override {
    return engine_->getTensorComponentsPerElement(name);
  }
  int32_t getTensorVectorizedDim(char const* const name) const noexcept override { return engine_->getTensorVectorizedDim(name); }
  nvinfer1::safe::IExecutionContext* createExecutionContext() noexcept override { return make_context(engine_->createExecutionContext()); }
  nvinfer1::safe::IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept override {
    return make_context(engine_->createExecutionContextWithoutDeviceMemory());
  }
  size_t getDeviceMemorySize() const noexcept override { return static_cast<size_t>(engine_->getDeviceMemorySizeV2()); }
  char const* getName() const noexcept override { return engine_->getName(); }
  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { engine_->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return engine_->getErrorRecorder(); }
  int32_t getNbBindings() const noexcept override { return engine_->getNbBindings(); }
  int32_t getBindingIndex(char const* const name) const noexcept override { return engine_->getBindingIndex(name); }
  char const* getBindingName(int32_t const binding) const noexcept override { return engine_->getBindingName(binding); }
  bool bindingIsInput(int32_t const binding) const noexcept override { return engine_->bindingIsInput(binding); }
  DataType getBindingDataType(int32_t const binding) const noexcept override { return engine_->getBindingDataType(binding); }
  TensorFormat getBindingFormat(int32_t const binding) const noexcept override { return engine_->getBindingFormat(binding); }
  int32_t getBindingBytesPerComponent(int32_t const binding) const noexcept override {
    return engine_->getBindingBytesPerComponent(binding);
  }
  int32_t getBindingComponentsPerElement(int32_t const binding) const noexcept override {
    return engine_->getBindingComponentsPerElement(binding);
  }
  int32_t getBindingVectorizedDim(int32_t const binding) const noexcept override { return engine_->getBindingVectorizedDim(binding); }

 protected:
  WideDims getTensorShape64_(char const* name) const noexcept override { return wide(engine_->getTensorShape(name)); }
  WideDims getBindingDimensions64_(int32_t binding) const noexcept override { return wide(engine_->getBindingDimensions(binding)); }

 private:
  nvinfer1::safe::IExecutionContext* make_context(nvinfer1::IExecutionContext* made) noexcept {
    std::unique_ptr<nvinfer1::IExecutionContext> context(made);
    if (!context) return nullptr;
    return guarded(reporter_, static_cast<nvinfer1::safe::IExecutionContext*>(nullptr),
                   [&] { return new SafeContext(*this, context.release()); });
  }

  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  Reporter reporter_;
};

class SafeRuntime final : public nvinfer1::safe::IRuntime {
 public:
  explicit SafeRuntime(nvinfer1::IRuntime* runtime) : runtime_(runtime), reporter_(runtime->getLogger()) {}
  ~SafeRuntime() noexcept override = default;

  nvinfer1::safe::ICudaEngine* deserializeCudaEngine(void const* const blob, size_t const size) noexcept override {
    std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime_->deserializeCudaEngine(blob, size));
    if (!engine) return nullptr;
    return guarded(reporter_, static_cast<nvinfer1::safe::ICudaEngine*>(nullptr),
                   [&] { return new SafeEngine(engine.release(), reporter_.logger()); });
  }
  void setGpuAllocator(nvinfer1::IGpuAllocator* const allocator) noexcept override { runtime_->setGpuAllocator(allocator); }
  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { runtime_->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return runtime_->getErrorRecorder(); }

 private:
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  Reporter reporter_;
};

// The registry of the process under its safe name.
class SafeRegistry final : public nvinfer1::safe::IPluginRegistry {
 public:
  ~SafeRegistry() noexcept override = default;
  bool registerCreator(nvinfer1::IPluginCreatorInterface& creator, char const* const space) noexcept override {
    return all().registerCreator(creator, space);
  }
  bool deregisterCreator(nvinfer1::IPluginCreatorInterface const& creator) noexcept override { return all().deregisterCreator(creator); }
  nvinfer1::IPluginCreatorInterface* getCreator(char const* const name, char const* const version,
                                                char const* const space) noexcept override {
    return all().getCreator(name, version, space);
  }
  nvinfer1::IPluginCreatorInterface* const* getAllCreators(int32_t* const count) const noexcept override {
    return all().getAllCreators(count);
  }
  nvinfer1::IPluginCreatorInterface* const* getAllCreatorsRecursive(int32_t* const count) noexcept override {
    return all().getAllCreatorsRecursive(count);
  }
  PluginLibraryHandle loadLibrary(char const* path) noexcept override { return all().loadLibrary(path); }
  void deregisterLibrary(PluginLibraryHandle handle) noexcept override { all().deregisterLibrary(handle); }
  void setParentSearchEnabled(bool const enabled) noexcept override { all().setParentSearchEnabled(enabled); }
  bool isParentSearchEnabled() const noexcept override { return all().isParentSearchEnabled(); }
  nvinfer1::IPluginResource* acquirePluginResource(char const* key, nvinfer1::IPluginResource* resource) noexcept override {
    return all().acquirePluginResource(key, resource);
  }
  int32_t releasePluginResource(char const* key) noexcept override { return all().releasePluginResource(key); }
  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { all().setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return all().getErrorRecorder(); }
  nvinfer1::IPluginCreator* getPluginCreator(char const* const name, char const* const version, char const* const space) noexcept override {
    return all().getPluginCreator(name, version, space);
  }
  nvinfer1::IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override {
    return all().getPluginCreatorList(count);
  }

 private:
  static nvinfer1::IPluginRegistry& all() { return *::getPluginRegistry(); }
};

nvinfer1::safe::IRuntime* make_safe_runtime(nvinfer1::ILogger* logger) noexcept {
  std::unique_ptr<nvinfer1::IRuntime> runtime(static_cast<nvinfer1::IRuntime*>(createInferRuntime_INTERNAL(logger, NV_TENSORRT_VERSION)));
  if (!runtime) return nullptr;
  Reporter reporter(logger);
  return guarded(reporter, static_cast<nvinfer1::safe::IRuntime*>(nullptr), [&] { return new SafeRuntime(runtime.release()); });
}

}  // namespace
}  // namespace ingot::api

namespace nvinfer1 {
namespace safe {

TENSORRTAPI IRuntime* createInferRuntime(ILogger& logger) noexcept { return ingot::api::make_safe_runtime(&logger); }

extern "C" TENSORRTAPI IPluginRegistry* getSafePluginRegistry() noexcept {
  static auto* instance = new ingot::api::SafeRegistry;  // never destroyed, as the registry behind it
  return instance;
}

}  // namespace safe

extern "C" TENSORRTAPI safe::IPluginRegistry* getBuilderSafePluginRegistry(EngineCapability) noexcept {
  return safe::getSafePluginRegistry();
}

}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createSafeInferRuntime_INTERNAL(void* logger, int32_t) {
  return ingot::api::make_safe_runtime(static_cast<nvinfer1::ILogger*>(logger));
}
