// Replaces the weights of an engine without building it again.
#pragma once

#include "engine.h"
#include "logger.h"

namespace nvinfer1 {

// Created with createInferRefitter for an engine that was built with BuilderFlag::kREFIT or one of its kin.
class IRefitter : public INoCopy {
 public:
  ~IRefitter() noexcept override = default;

  // ---- By name: weights that were named with INetworkDefinition::setWeightsName or came from a parser ----

  // New values for named weights. They stay valid until refitCudaEngine returns. False for an unknown name, another count or type.
  virtual bool setNamedWeights(char const* name, Weights weights) noexcept = 0;
  virtual bool setNamedWeights(char const* name, Weights weights, TensorLocation location) noexcept = 0;
  // What was set; count 0 where nothing was.
  virtual Weights getNamedWeights(char const* weightsName) const noexcept = 0;
  virtual TensorLocation getWeightsLocation(char const* weightsName) const noexcept = 0;
  virtual bool unsetNamedWeights(char const* weightsName) noexcept = 0;
  // Type and count that the named weights must have, without values.
  virtual Weights getWeightsPrototype(char const* weightsName) const noexcept = 0;
  // Names of all refittable weights, or of those that are still missing. Returns their number and fills in at most `size`.
  virtual int32_t getAllWeights(int32_t size, char const** weightsNames) noexcept = 0;
  virtual int32_t getMissingWeights(int32_t size, char const** weightsNames) noexcept = 0;

  // ---- By layer and role ----

  virtual bool setWeights(char const* layerName, WeightsRole role, Weights weights) noexcept = 0;
  virtual int32_t getAll(int32_t size, char const** layerNames, WeightsRole* roles) noexcept = 0;
  virtual int32_t getMissing(int32_t size, char const** layerNames, WeightsRole* roles) noexcept = 0;

  // ---- Refitting ----

  // Puts the new weights into the engine; no context may be running. False where weights are missing or do not fit.
  virtual bool refitCudaEngine() noexcept = 0;
  virtual bool refitCudaEngineAsync(cudaStream_t stream) noexcept = 0;
  // False skips the check that values fit, for speed. True at first.
  virtual void setWeightsValidation(bool weightsValidation) noexcept = 0;
  virtual bool getWeightsValidation() const noexcept = 0;

  virtual bool setMaxThreads(int32_t maxThreads) noexcept = 0;
  virtual int32_t getMaxThreads() const noexcept = 0;
  virtual ILogger* getLogger() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // ---- Retired: dynamic ranges, up to generation 10 ----
  virtual bool setDynamicRange(char const* tensorName, float min, float max) noexcept = 0;
  virtual float getDynamicRangeMin(char const* tensorName) const noexcept = 0;
  virtual float getDynamicRangeMax(char const* tensorName) const noexcept = 0;
  virtual int32_t getTensorsWithDynamicRange(int32_t size, char const** tensorNames) const noexcept = 0;
  void destroy() noexcept { delete this; }
};

}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createInferRefitter_INTERNAL(void* engine, void* logger, int32_t version) noexcept;

namespace nvinfer1 {
namespace {

// A refitter of an engine. Null where the engine is not refittable.
inline IRefitter* createInferRefitter(ICudaEngine& engine, ILogger& logger) noexcept {
  return static_cast<IRefitter*>(createInferRefitter_INTERNAL(&engine, &logger, NV_TENSORRT_VERSION));
}

}  // namespace
}  // namespace nvinfer1
