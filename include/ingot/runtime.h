// Loads plans.
#pragma once

#include "execution_context.h"

namespace nvinfer1 {

class IPluginFactory;
class IPluginRegistry;

// The entry to running. Created with createInferRuntime; it outlives the engines that it loads.
class IRuntime : public INoCopy {
 public:
  ~IRuntime() noexcept override = default;

  // An engine from a plan of `size` bytes, which is not needed afterwards. Null where the bytes are not a plan, are damaged, or come
  // from a newer format; a plan of another device or machine loads, and the log says what was chosen again.
  virtual ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept = 0;
  virtual ICudaEngine* deserializeCudaEngine(IStreamReader& streamReader) noexcept = 0;
  virtual ICudaEngine* deserializeCudaEngine(IStreamReaderV2& streamReader) noexcept = 0;

  // Provides the device memory of engines that are loaded from now on; null goes back to the library's own.
  virtual void setGpuAllocator(IGpuAllocator* allocator) noexcept = 0;
  // Threads that loading may use. False below 1.
  virtual bool setMaxThreads(int32_t maxThreads) noexcept = 0;
  virtual int32_t getMaxThreads() const noexcept = 0;
  virtual ILogger* getLogger() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
  // The plugins that plans loaded here may use, beside the global ones.
  virtual IPluginRegistry& getPluginRegistry() noexcept = 0;

  // The DLA core for engines that run on one; -1 stands for none.
  virtual void setDLACore(int32_t dlaCore) noexcept = 0;
  virtual int32_t getDLACore() const noexcept = 0;
  virtual int32_t getNbDLACores() const noexcept = 0;

  // Plans of Ingot hold no code, so these say what may happen and change nothing.
  virtual void setEngineHostCodeAllowed(bool allowed) noexcept = 0;
  virtual bool getEngineHostCodeAllowed() const noexcept = 0;
  virtual void setTemporaryDirectory(char const* path) noexcept = 0;
  virtual char const* getTemporaryDirectory() const noexcept = 0;
  virtual void setTempfileControlFlags(TempfileControlFlags flags) noexcept = 0;
  virtual TempfileControlFlags getTempfileControlFlags() const noexcept = 0;
  // A runtime from another library; null where there is none at `path`.
  virtual IRuntime* loadRuntime(char const* path) noexcept = 0;

  // ---- Retired: up to generation 9; `pluginFactory` is null or serves plugins of generation 5 ----
  virtual ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size, IPluginFactory* pluginFactory) noexcept = 0;
  void destroy() noexcept { delete this; }
};

}  // namespace nvinfer1

// `version` is the NV_TENSORRT_VERSION that the program was compiled with: it decides what a flag of 0 or a literal means.
extern "C" TENSORRTAPI void* createInferRuntime_INTERNAL(void* logger, int32_t version) noexcept;

namespace nvinfer1 {
namespace {

// A runtime that reports to `logger`, which outlives it. Null where the library cannot start; the log says why.
inline IRuntime* createInferRuntime(ILogger& logger) noexcept {
  return static_cast<IRuntime*>(createInferRuntime_INTERNAL(&logger, NV_TENSORRT_VERSION));
}

}  // namespace
}  // namespace nvinfer1
