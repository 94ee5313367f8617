// A built network, ready to be run by execution contexts.
#pragma once

#include "engine_types.h"

namespace nvinfer1 {

class IExecutionContext;
class IEngineInspector;

// What a context is created with.
class IRuntimeConfig : public INoCopy {
 public:
  ~IRuntimeConfig() noexcept override = default;
  virtual void setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy strategy) noexcept = 0;
  virtual ExecutionContextAllocationStrategy getExecutionContextAllocationStrategy() const noexcept = 0;
};

// What a plan contains when an engine is written.
class ISerializationConfig : public INoCopy {
 public:
  ~ISerializationConfig() noexcept override = default;
  virtual bool setFlags(SerializationFlags serializationFlags) noexcept = 0;
  virtual SerializationFlags getFlags() const noexcept = 0;
  virtual bool setFlag(SerializationFlag serializationFlag) noexcept = 0;
  virtual bool clearFlag(SerializationFlag serializationFlag) noexcept = 0;
  virtual bool getFlag(SerializationFlag serializationFlag) const noexcept = 0;
};

// An engine does not change once it is built; any number of contexts and threads use it at once. It outlives its contexts.
class ICudaEngine : public INoCopy {
 public:
  ~ICudaEngine() noexcept override = default;

  // ---- Inputs and outputs, by name. A name that is unknown logs an error and gives the value in brackets. ----

  virtual int32_t getNbIOTensors() const noexcept = 0;
  // Name of input or output `index`, inputs first; null outside 0 .. getNbIOTensors() - 1.
  virtual char const* getIOTensorName(int32_t index) const noexcept = 0;
  // Input or output [kNONE].
  virtual TensorIOMode getTensorIOMode(char const* tensorName) const noexcept = 0;
  // Shape, -1 where it depends on the run [nbDims -1].
  Dims getTensorShape(char const* tensorName) const noexcept { return impl::narrow<Dims>(getTensorShape64_(tensorName)); }
  // Element type [kFLOAT].
  virtual DataType getTensorDataType(char const* tensorName) const noexcept = 0;
  // kHOST for the tensors whose values are shapes [kDEVICE].
  virtual TensorLocation getTensorLocation(char const* tensorName) const noexcept = 0;
  // True for an input whose values are needed to compute shapes, or an output that holds one [false].
  virtual bool isShapeInferenceIO(char const* tensorName) const noexcept = 0;
  // Memory format, of profile 0 or of the given one [kLINEAR].
  virtual TensorFormat getTensorFormat(char const* tensorName) const noexcept = 0;
  virtual TensorFormat getTensorFormat(char const* tensorName, int32_t profileIndex) const noexcept = 0;
  // The same in words [""].
  virtual char const* getTensorFormatDesc(char const* tensorName) const noexcept = 0;
  virtual char const* getTensorFormatDesc(char const* tensorName, int32_t profileIndex) const noexcept = 0;
  // Bytes of one scalar within a vectorized element; -1 where the format is not vectorized [-1].
  virtual int32_t getTensorBytesPerComponent(char const* tensorName) const noexcept = 0;
  virtual int32_t getTensorBytesPerComponent(char const* tensorName, int32_t profileIndex) const noexcept = 0;
  // Scalars in a vectorized element; -1 where the format is not vectorized [-1].
  virtual int32_t getTensorComponentsPerElement(char const* tensorName) const noexcept = 0;
  virtual int32_t getTensorComponentsPerElement(char const* tensorName, int32_t profileIndex) const noexcept = 0;
  // The dimension that is vectorized; -1 where none is [-1].
  virtual int32_t getTensorVectorizedDim(char const* tensorName) const noexcept = 0;
  virtual int32_t getTensorVectorizedDim(char const* tensorName, int32_t profileIndex) const noexcept = 0;
  // The input that this output overwrites; null where it has memory of its own [null].
  virtual char const* getAliasedInputTensor(char const* tensorName) const noexcept = 0;
  // True where the tensor was marked for debugging [false].
  virtual bool isDebugTensor(char const* name) const noexcept = 0;

  // ---- Profiles ----

  virtual int32_t getNbOptimizationProfiles() const noexcept = 0;
  // A shape of an input in a profile [nbDims -1].
  Dims getProfileShape(char const* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept {
    return impl::narrow<Dims>(getProfileShape64_(tensorName, profileIndex, select));
  }
  // Values of an input shape tensor in a profile [null].
  virtual int64_t const* getProfileTensorValuesV2(char const* tensorName, int32_t profileIndex,
                                                  OptProfileSelector select) const noexcept = 0;

  // ---- Contexts ----

  // A context, or null where memory runs out. Deleted by the program, before the engine.
  virtual IExecutionContext* createExecutionContext(
      ExecutionContextAllocationStrategy strategy = ExecutionContextAllocationStrategy::kSTATIC) noexcept = 0;
  virtual IExecutionContext* createExecutionContext(IRuntimeConfig* runtimeConfig) noexcept = 0;
  virtual IRuntimeConfig* createRuntimeConfig() noexcept = 0;
  // Bytes of device memory that a context needs, for all profiles or for one of them.
  virtual int64_t getDeviceMemorySizeV2() const noexcept = 0;
  virtual int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept = 0;
  // Streams that a run may use beside the program's.
  virtual int32_t getNbAuxStreams() const noexcept = 0;

  // ---- Plan ----

  // The engine as bytes, or null where it cannot be written.
  virtual IHostMemory* serialize() const noexcept = 0;
  virtual IHostMemory* serializeWithConfig(ISerializationConfig& config) const noexcept = 0;
  virtual ISerializationConfig* createSerializationConfig() noexcept = 0;

  // ---- About the engine ----

  // The network's name.
  virtual char const* getName() const noexcept = 0;
  // Steps that a run takes; fewer than the network has layers, where layers were fused.
  virtual int32_t getNbLayers() const noexcept = 0;
  virtual bool isRefittable() const noexcept = 0;
  virtual EngineCapability getEngineCapability() const noexcept = 0;
  virtual TacticSources getTacticSources() const noexcept = 0;
  virtual ProfilingVerbosity getProfilingVerbosity() const noexcept = 0;
  virtual HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept = 0;
  // A number about the engine, or -1 where it is not known.
  virtual int64_t getEngineStat(EngineStat stat) const noexcept = 0;
  // Describes layers and engine as text. Deleted by the program, before the engine.
  virtual IEngineInspector* createEngineInspector() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // ---- Weight streaming: weights that stay on the host and are copied when they are needed. Sizes in bytes. ----

  // Device memory for weights; 0 streams all. False outside the possible range or while contexts exist.
  virtual bool setWeightStreamingBudgetV2(int64_t gpuMemoryBudget) noexcept = 0;
  virtual int64_t getWeightStreamingBudgetV2() const noexcept = 0;
  // The budget that suits the free memory.
  virtual int64_t getWeightStreamingAutomaticBudget() const noexcept = 0;
  // Device memory that streaming itself takes.
  virtual int64_t getWeightStreamingScratchMemorySize() const noexcept = 0;
  // The weights that can be streamed.
  virtual int64_t getStreamableWeightsSize() const noexcept = 0;

  // ---- Retired ----

  // Bindings by index, up to generation 9. Profile p owns the bindings p * n .. p * n + n - 1, with n inputs and outputs.
  virtual int32_t getNbBindings() const noexcept = 0;
  virtual int32_t getBindingIndex(char const* name) const noexcept = 0;         // -1 where there is none
  virtual char const* getBindingName(int32_t bindingIndex) const noexcept = 0;  // null outside the range
  virtual bool bindingIsInput(int32_t bindingIndex) const noexcept = 0;
  Dims getBindingDimensions(int32_t bindingIndex) const noexcept { return impl::narrow<Dims>(getBindingDimensions64_(bindingIndex)); }
  virtual DataType getBindingDataType(int32_t bindingIndex) const noexcept = 0;
  virtual TensorLocation getLocation(int32_t bindingIndex) const noexcept = 0;
  virtual TensorFormat getBindingFormat(int32_t bindingIndex) const noexcept = 0;
  virtual char const* getBindingFormatDesc(int32_t bindingIndex) const noexcept = 0;
  virtual int32_t getBindingBytesPerComponent(int32_t bindingIndex) const noexcept = 0;
  virtual int32_t getBindingComponentsPerElement(int32_t bindingIndex) const noexcept = 0;
  virtual int32_t getBindingVectorizedDim(int32_t bindingIndex) const noexcept = 0;
  virtual bool isShapeBinding(int32_t bindingIndex) const noexcept = 0;
  virtual bool isExecutionBinding(int32_t bindingIndex) const noexcept = 0;
  Dims getProfileDimensions(int32_t bindingIndex, int32_t profileIndex, OptProfileSelector select) const noexcept {
    return impl::narrow<Dims>(getProfileDimensions64_(bindingIndex, profileIndex, select));
  }
  virtual int32_t const* getProfileShapeValues(int32_t profileIndex, int32_t inputIndex, OptProfileSelector select) const noexcept = 0;

  // The largest implicit batch, up to generation 9; 1 where the batch is explicit.
  virtual int32_t getMaxBatchSize() const noexcept = 0;
  virtual bool hasImplicitBatchDimension() const noexcept = 0;

  // Superseded by the V2 forms or by strategies.
  virtual int32_t const* getProfileTensorValues(char const* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept = 0;
  virtual IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept = 0;
  std::size_t getDeviceMemorySize() const noexcept { return static_cast<std::size_t>(getDeviceMemorySizeV2()); }
  std::size_t getDeviceMemorySizeForProfile(int32_t profileIndex) const noexcept {
    return static_cast<std::size_t>(getDeviceMemorySizeForProfileV2(profileIndex));
  }
  virtual bool setWeightStreamingBudget(int64_t gpuMemoryBudget) noexcept = 0;
  virtual int64_t getWeightStreamingBudget() const noexcept = 0;
  virtual int64_t getMinimumWeightStreamingBudget() const noexcept = 0;
  virtual std::size_t getWorkspaceSize() const noexcept = 0;
  void destroy() noexcept { delete this; }

 protected:
  virtual Dims64 getTensorShape64_(char const* tensorName) const noexcept = 0;
  virtual Dims64 getProfileShape64_(char const* tensorName, int32_t profileIndex, OptProfileSelector select) const noexcept = 0;
  virtual Dims64 getBindingDimensions64_(int32_t bindingIndex) const noexcept = 0;
  virtual Dims64 getProfileDimensions64_(int32_t bindingIndex, int32_t profileIndex, OptProfileSelector select) const noexcept = 0;
};

// Describes an engine's layers. What it can tell depends on the ProfilingVerbosity of the build.
class IEngineInspector : public INoCopy {
 public:
  ~IEngineInspector() noexcept override = default;

  // Shapes are told as of this context; null (the default) leaves them as ranges. The context outlives the inspector.
  virtual bool setExecutionContext(IExecutionContext const* context) noexcept = 0;
  virtual IExecutionContext const* getExecutionContext() const noexcept = 0;
  // Text about one layer or the whole engine, valid until the next call.
  virtual char const* getLayerInformation(int32_t layerIndex, LayerInformationFormat format) const noexcept = 0;
  virtual char const* getEngineInformation(LayerInformationFormat format) const noexcept = 0;

  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
};

}  // namespace nvinfer1
