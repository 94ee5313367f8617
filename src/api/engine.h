// ICudaEngine over the core's engine.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "api/convert.h"
#include "api/reporter.h"
#include "runtime/engine.h"

namespace ingot::api {

// Device memory through the program's allocator, where it set one.
struct MemorySource {
  nvinfer1::IGpuAllocator* allocator = nullptr;
};

class EngineFacade final : public nvinfer1::ICudaEngine {
 public:
  EngineFacade(const Reporter& reporter, std::shared_ptr<const Engine> engine, MemorySource memory);

  // The engine as it is now: refitting puts another one in its place, and contexts follow with their next run.
  std::shared_ptr<const Engine> core() const {
    std::lock_guard lock(mutex_);
    return engine_;
  }
  Status refit(const std::map<std::string, Array>& weights);
  // How many contexts live: the budget for weights changes only without any. A context may outlive the engine.
  const std::shared_ptr<std::atomic<int>>& contexts() const noexcept { return contexts_; }
  // As the core's, computed once for each profile.
  Result<size_t> activation_bytes(int32_t profile) const;
  Reporter& reporter() const { return reporter_; }
  const MemorySource& memory() const { return memory_; }
  bool detailed() const { return getProfilingVerbosity() == nvinfer1::ProfilingVerbosity::kDETAILED; }
  // Names of tensors that the network marked for debugging, and of those that no fusion took away where it asked for them.
  const std::set<std::string>& debug_tensors() const { return debug_tensors_; }
  const std::set<std::string>& unfused_tensors() const { return unfused_tensors_; }
  // Names of the constants that the plan was written without and nobody gave since.
  std::vector<std::string> missing_weights() const;
  // Place among inputs and outputs; -1, and an error in the log, for a name that is not there.
  int find(char const* name) const noexcept;
  int io_of_binding(int32_t binding) const noexcept;
  // What the program sees of a shape: without the batch, where that is implicit.
  WideDims visible(WideDims dims) const noexcept;

  int32_t getNbIOTensors() const noexcept override;
  char const* getIOTensorName(int32_t index) const noexcept override;
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override;
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override;
  nvinfer1::TensorLocation getTensorLocation(char const* name) const noexcept override;
  bool isShapeInferenceIO(char const* name) const noexcept override;
  nvinfer1::TensorFormat getTensorFormat(char const* name) const noexcept override;
  nvinfer1::TensorFormat getTensorFormat(char const* name, int32_t) const noexcept override { return getTensorFormat(name); }
  char const* getTensorFormatDesc(char const* name) const noexcept override;
  char const* getTensorFormatDesc(char const* name, int32_t) const noexcept override { return getTensorFormatDesc(name); }
  int32_t getTensorBytesPerComponent(char const* name) const noexcept override;
  int32_t getTensorBytesPerComponent(char const* name, int32_t) const noexcept override { return getTensorBytesPerComponent(name); }
  int32_t getTensorComponentsPerElement(char const* name) const noexcept override;
  int32_t getTensorComponentsPerElement(char const* name, int32_t) const noexcept override { return getTensorComponentsPerElement(name); }
  int32_t getTensorVectorizedDim(char const* name) const noexcept override;
  int32_t getTensorVectorizedDim(char const* name, int32_t) const noexcept override { return getTensorVectorizedDim(name); }
  char const* getAliasedInputTensor(char const* name) const noexcept override;
  bool isDebugTensor(char const* name) const noexcept override;

  int32_t getNbOptimizationProfiles() const noexcept override;
  int64_t const* getProfileTensorValuesV2(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;

  nvinfer1::IExecutionContext* createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override;
  nvinfer1::IExecutionContext* createExecutionContext(nvinfer1::IRuntimeConfig* config) noexcept override;
  nvinfer1::IRuntimeConfig* createRuntimeConfig() noexcept override;
  int64_t getDeviceMemorySizeV2() const noexcept override { return getDeviceMemorySizeForProfileV2(-1); }
  int64_t getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept override;
  int32_t getNbAuxStreams() const noexcept override { return 0; }

  nvinfer1::IHostMemory* serialize() const noexcept override;
  nvinfer1::IHostMemory* serializeWithConfig(nvinfer1::ISerializationConfig& config) const noexcept override;
  nvinfer1::ISerializationConfig* createSerializationConfig() noexcept override;

  char const* getName() const noexcept override { return name_.c_str(); }
  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(engine_->step_count()); }
  bool isRefittable() const noexcept override { return engine_->plan().property("refittable") == "1"; }
  nvinfer1::EngineCapability getEngineCapability() const noexcept override { return nvinfer1::EngineCapability::kSTANDARD; }
  nvinfer1::TacticSources getTacticSources() const noexcept override { return 0; }
  nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override;
  nvinfer1::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override {
    return nvinfer1::HardwareCompatibilityLevel::kNONE;
  }
  int64_t getEngineStat(nvinfer1::EngineStat stat) const noexcept override;
  nvinfer1::IEngineInspector* createEngineInspector() const noexcept override;
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }

  // On a GPU weights beyond the budget stay in the host's memory, and kernels read them there; on a CPU all weights lie there anyway.
  bool setWeightStreamingBudgetV2(int64_t budget) noexcept override;
  int64_t getWeightStreamingBudgetV2() const noexcept override { return budget_ < 0 ? getStreamableWeightsSize() : budget_; }
  int64_t getWeightStreamingAutomaticBudget() const noexcept override { return getStreamableWeightsSize(); }
  int64_t getWeightStreamingScratchMemorySize() const noexcept override { return 0; }
  int64_t getStreamableWeightsSize() const noexcept override;

  int32_t getNbBindings() const noexcept override;
  int32_t getBindingIndex(char const* name) const noexcept override;
  char const* getBindingName(int32_t binding) const noexcept override;
  bool bindingIsInput(int32_t binding) const noexcept override;
  nvinfer1::DataType getBindingDataType(int32_t binding) const noexcept override { return getTensorDataType(binding_name(binding)); }
  nvinfer1::TensorLocation getLocation(int32_t binding) const noexcept override { return getTensorLocation(binding_name(binding)); }
  nvinfer1::TensorFormat getBindingFormat(int32_t binding) const noexcept override { return getTensorFormat(binding_name(binding)); }
  char const* getBindingFormatDesc(int32_t binding) const noexcept override { return getTensorFormatDesc(binding_name(binding)); }
  int32_t getBindingBytesPerComponent(int32_t binding) const noexcept override { return getTensorBytesPerComponent(binding_name(binding)); }
  int32_t getBindingComponentsPerElement(int32_t binding) const noexcept override {
    return getTensorComponentsPerElement(binding_name(binding));
  }
  int32_t getBindingVectorizedDim(int32_t binding) const noexcept override { return getTensorVectorizedDim(binding_name(binding)); }
  bool isShapeBinding(int32_t binding) const noexcept override { return isShapeInferenceIO(binding_name(binding)); }
  bool isExecutionBinding(int32_t binding) const noexcept override { return io_of_binding(binding) >= 0; }
  int32_t const* getProfileShapeValues(int32_t profile, int32_t binding, nvinfer1::OptProfileSelector select) const noexcept override;
  int32_t getMaxBatchSize() const noexcept override { return max_batch_ > 0 ? max_batch_ : 1; }
  bool hasImplicitBatchDimension() const noexcept override { return max_batch_ > 0; }
  int32_t const* getProfileTensorValues(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  nvinfer1::IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept override;
  // Here -1 leaves it to the engine, and 0 switches streaming off.
  bool setWeightStreamingBudget(int64_t budget) noexcept override {
    return setWeightStreamingBudgetV2(budget <= 0 && budget >= -1 ? getStreamableWeightsSize() : budget);
  }
  int64_t getWeightStreamingBudget() const noexcept override { return getWeightStreamingBudgetV2(); }
  int64_t getMinimumWeightStreamingBudget() const noexcept override { return 0; }
  std::size_t getWorkspaceSize() const noexcept override { return 0; }

 protected:
  WideDims getTensorShape64_(char const* name) const noexcept override;
  WideDims getProfileShape64_(char const* name, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override;
  WideDims getBindingDimensions64_(int32_t binding) const noexcept override { return getTensorShape64_(binding_name(binding)); }
  WideDims getProfileDimensions64_(int32_t binding, int32_t profile, nvinfer1::OptProfileSelector select) const noexcept override {
    return getProfileShape64_(binding_name(binding), profile, select);
  }

 private:
  // Puts the engine of `plan` in place of the one that is there, with its weights where the budget says.
  Status replace(Plan plan, int64_t budget);
  const char* binding_name(int32_t binding) const noexcept;
  const ProfileEntry* profile_entry(char const* name, int32_t profile, bool values) const noexcept;

  mutable Reporter reporter_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Engine> engine_;
  std::vector<std::string> names_;  // of inputs and outputs: what the program holds pointers to
  std::string name_;
  MemorySource memory_;
  mutable std::map<int32_t, size_t> activation_bytes_;  // by profile; of the engine as it is now
  std::set<std::string> debug_tensors_, unfused_tensors_;
  std::shared_ptr<std::atomic<int>> contexts_ = std::make_shared<std::atomic<int>>(0);
  int64_t budget_ = -1;                                     // of streamed weights; negative where nobody set one
  int32_t max_batch_ = 0;                                   // of an implicit batch; 0 where the batch is a dimension
  mutable std::deque<std::vector<int32_t>> narrow_values_;  // what the retired 32-bit readings point to
};

// The engine inspector's text; also of single layers. `detailed` adds shapes, formats and tactics; `values` are known sizes of open ones.
std::string describe_engine(const Engine& engine, bool detailed, bool json, const SymbolValues& values = {});
std::string describe_layer(const Engine& engine, size_t step, bool detailed, bool json, const SymbolValues& values = {});

}  // namespace ingot::api
