// Turns networks into engines.
#pragma once

#include "allocators.h"
#include "builder_config.h"
#include "engine.h"
#include "logger.h"
#include "streams.h"

namespace nvinfer1 {

class IPluginRegistry;

// The entry to building. Created with createInferBuilder; it outlives networks, configurations and profiles that it creates.
class IBuilder : public INoCopy {
 public:
  ~IBuilder() noexcept override = default;

  // An empty network. Flags are bits of NetworkDefinitionCreationFlag; up to generation 9 an implicit batch goes with 0.
  virtual INetworkDefinition* createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept = 0;
  virtual IBuilderConfig* createBuilderConfig() noexcept = 0;
  // Owned by the builder.
  virtual IOptimizationProfile* createOptimizationProfile() noexcept = 0;

  // The plan of a network, or null where it cannot be built; the log and the error recorder say why. The network stays as it is.
  virtual IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config) noexcept = 0;
  // The same, and what a kernel compiler left behind; Ingot leaves nothing and sets kernelText to null.
  virtual IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config, IHostMemory*& kernelText) noexcept = 0;
  virtual bool buildSerializedNetworkToStream(INetworkDefinition& network, IBuilderConfig& config, IStreamWriter& writer) noexcept = 0;
  // An engine, ready to run.
  virtual ICudaEngine* buildEngineWithConfig(INetworkDefinition& network, IBuilderConfig& config) noexcept = 0;
  // True where each layer can run on the device and in the way that the configuration asks for.
  virtual bool isNetworkSupported(INetworkDefinition const& network, IBuilderConfig const& config) const noexcept = 0;

  // Provides device memory while a network is built; null goes back to the library's own.
  virtual void setGpuAllocator(IGpuAllocator* allocator) noexcept = 0;
  // Threads that a build may use. False below 1.
  virtual bool setMaxThreads(int32_t maxThreads) noexcept = 0;
  virtual int32_t getMaxThreads() const noexcept = 0;
  virtual ILogger* getLogger() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
  // The plugins that networks of this builder may use, beside the global ones.
  virtual IPluginRegistry& getPluginRegistry() noexcept = 0;
  virtual int32_t getNbDLACores() const noexcept = 0;
  virtual int32_t getMaxDLABatchSize() const noexcept = 0;
  // Everything as it was at first.
  virtual void reset() noexcept = 0;

  // ---- Retired ----

  // What the device is fast at, up to generation 10.
  virtual bool platformHasFastFp16() const noexcept = 0;
  virtual bool platformHasFastInt8() const noexcept = 0;
  virtual bool platformHasTf32() const noexcept = 0;

  // The largest implicit batch, up to generation 9; 1 at first.
  virtual void setMaxBatchSize(int32_t batchSize) noexcept = 0;
  virtual int32_t getMaxBatchSize() const noexcept = 0;
  void destroy() noexcept { delete this; }

  // Settings that generations up to 7 made on the builder; createNetwork makes a network with an implicit batch, and
  // buildCudaEngine builds with these settings.
  virtual INetworkDefinition* createNetwork() noexcept = 0;
  virtual ICudaEngine* buildCudaEngine(INetworkDefinition& network) noexcept = 0;
  virtual void setMaxWorkspaceSize(std::size_t workspaceSize) noexcept = 0;
  virtual std::size_t getMaxWorkspaceSize() const noexcept = 0;
  virtual void setFp16Mode(bool mode) noexcept = 0;
  virtual bool getFp16Mode() const noexcept = 0;
  void setHalf2Mode(bool mode) noexcept { setFp16Mode(mode); }
  bool getHalf2Mode() const noexcept { return getFp16Mode(); }
  virtual void setInt8Mode(bool mode) noexcept = 0;
  virtual bool getInt8Mode() const noexcept = 0;
  virtual void setInt8Calibrator(IInt8Calibrator* calibrator) noexcept = 0;
  virtual void setStrictTypeConstraints(bool mode) noexcept = 0;
  virtual bool getStrictTypeConstraints() const noexcept = 0;
  virtual void setRefittable(bool canRefit) noexcept = 0;
  virtual bool getRefittable() const noexcept = 0;
  virtual void setDebugSync(bool sync) noexcept = 0;
  virtual bool getDebugSync() const noexcept = 0;
  virtual void setMinFindIterations(int32_t minFind) noexcept = 0;
  virtual int32_t getMinFindIterations() const noexcept = 0;
  virtual void setAverageFindIterations(int32_t avgFind) noexcept = 0;
  virtual int32_t getAverageFindIterations() const noexcept = 0;
  virtual void setEngineCapability(EngineCapability capability) noexcept = 0;
  virtual EngineCapability getEngineCapability() const noexcept = 0;
  virtual void allowGPUFallback(bool setFallBackMode) noexcept = 0;
  virtual void setDeviceType(ILayer* layer, DeviceType deviceType) noexcept = 0;
  virtual DeviceType getDeviceType(ILayer const* layer) const noexcept = 0;
  virtual bool isDeviceTypeSet(ILayer const* layer) const noexcept = 0;
  virtual void resetDeviceType(ILayer* layer) noexcept = 0;
  virtual bool canRunOnDLA(ILayer const* layer) const noexcept = 0;
  virtual void setDefaultDeviceType(DeviceType deviceType) noexcept = 0;
  virtual DeviceType getDefaultDeviceType() const noexcept = 0;
  virtual void setDLACore(int32_t dlaCore) noexcept = 0;
  virtual int32_t getDLACore() const noexcept = 0;
  virtual void reset(INetworkDefinition& network) noexcept = 0;
};

}  // namespace nvinfer1

// `version` is the NV_TENSORRT_VERSION that the program was compiled with: it decides what a flag of 0 or a literal means.
extern "C" TENSORRTAPI void* createInferBuilder_INTERNAL(void* logger, int32_t version) noexcept;

namespace nvinfer1 {
namespace {

// A builder that reports to `logger`, which outlives it. Null where the library cannot start; the log says why.
inline IBuilder* createInferBuilder(ILogger& logger) noexcept {
  return static_cast<IBuilder*>(createInferBuilder_INTERNAL(&logger, NV_TENSORRT_VERSION));
}

}  // namespace
}  // namespace nvinfer1
