// IBuilderConfig: the settings of a build.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/optimization_profile.h"
#include "api/timing_cache.h"

namespace ingot::api {

class BuilderConfigFacade final : public nvinfer1::IBuilderConfig {
 public:
  BuilderConfigFacade(const Reporter& reporter, std::string device) : reporter_(reporter), device_(std::move(device)) { reset(); }

  const std::vector<const OptimizationProfileFacade*>& profiles() const { return profiles_; }
  const std::shared_ptr<TimingCache>& timing_cache() const { return cache_; }
  nvinfer1::IInt8Calibrator* calibrator() const { return calibrator_; }
  nvinfer1::IProgressMonitor* monitor() const { return monitor_; }

  void setFlags(nvinfer1::BuilderFlags flags) noexcept override {
    if (takes(flags >> nvinfer1::EnumMax<nvinfer1::BuilderFlag>() == 0, "setFlags", flags)) flags_ = flags;
  }
  nvinfer1::BuilderFlags getFlags() const noexcept override { return flags_; }
  void setFlag(nvinfer1::BuilderFlag flag) noexcept override {
    if (takes_word("setFlag", flag)) flags_ |= bit(flag);
  }
  void clearFlag(nvinfer1::BuilderFlag flag) noexcept override {
    if (takes_word("clearFlag", flag)) flags_ &= ~bit(flag);
  }
  bool getFlag(nvinfer1::BuilderFlag flag) const noexcept override { return (flags_ & bit(flag)) != 0; }
  void setPreviewFeature(nvinfer1::PreviewFeature feature, bool enable) noexcept override;
  bool getPreviewFeature(nvinfer1::PreviewFeature feature) const noexcept override { return (preview_ & bit(feature)) != 0; }
  void reset() noexcept override;

  int32_t addOptimizationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept override;
  int32_t getNbOptimizationProfiles() const noexcept override { return static_cast<int32_t>(profiles_.size()); }

  void setBuilderOptimizationLevel(int32_t level) noexcept override;
  int32_t getBuilderOptimizationLevel() noexcept override { return level_; }
  void setMemoryPoolLimit(nvinfer1::MemoryPoolType pool, std::size_t size) noexcept override;
  std::size_t getMemoryPoolLimit(nvinfer1::MemoryPoolType pool) const noexcept override;
  void setAvgTimingIterations(int32_t count) noexcept override {
    if (takes(count > 0, "setAvgTimingIterations", count)) average_timing_ = count;
  }
  int32_t getAvgTimingIterations() const noexcept override { return average_timing_; }
  void setMaxNbTactics(int32_t count) noexcept override {
    if (takes(count == -1 || count > 0, "setMaxNbTactics", count)) most_tactics_ = count;
  }
  int32_t getMaxNbTactics() const noexcept override { return most_tactics_; }
  bool setTacticSources(nvinfer1::TacticSources sources) noexcept override;
  nvinfer1::TacticSources getTacticSources() const noexcept override { return tactic_sources_; }
  bool setMaxAuxStreams(int32_t count) noexcept override;
  int32_t getMaxAuxStreams() const noexcept override { return aux_streams_; }
  bool setTilingOptimizationLevel(nvinfer1::TilingOptimizationLevel level) noexcept override;
  nvinfer1::TilingOptimizationLevel getTilingOptimizationLevel() const noexcept override { return tiling_; }
  bool setL2LimitForTiling(int64_t size) noexcept override;
  int64_t getL2LimitForTiling() const noexcept override { return l2_limit_; }
  void setProfileStream(cudaStream_t const stream) noexcept override { profile_stream_ = stream; }
  cudaStream_t getProfileStream() const noexcept override { return profile_stream_; }

  nvinfer1::ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept override;
  bool setTimingCache(nvinfer1::ITimingCache const& cache, bool ignore_mismatch) noexcept override;
  nvinfer1::ITimingCache const* getTimingCache() const noexcept override { return cache_facade_; }

  void setProfilingVerbosity(nvinfer1::ProfilingVerbosity verbosity) noexcept override {
    if (takes_word("setProfilingVerbosity", verbosity)) verbosity_ = verbosity;
  }
  nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override { return verbosity_; }
  void setEngineCapability(nvinfer1::EngineCapability capability) noexcept override {
    if (takes_word("setEngineCapability", capability)) capability_ = capability;
  }
  nvinfer1::EngineCapability getEngineCapability() const noexcept override { return capability_; }
  void setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel level) noexcept override {
    if (takes_word("setHardwareCompatibilityLevel", level)) hardware_ = level;
  }
  nvinfer1::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override { return hardware_; }
  void setRuntimePlatform(nvinfer1::RuntimePlatform platform) noexcept override {
    if (takes_word("setRuntimePlatform", platform)) platform_ = platform;
  }
  nvinfer1::RuntimePlatform getRuntimePlatform() const noexcept override { return platform_; }
  void setPluginsToSerialize(char const* const* paths, int32_t count) noexcept override;
  char const* getPluginToSerialize(int32_t index) const noexcept override;
  int32_t getNbPluginsToSerialize() const noexcept override { return static_cast<int32_t>(plugins_.size()); }

  void setDeviceType(nvinfer1::ILayer const* layer, nvinfer1::DeviceType type) noexcept override;
  nvinfer1::DeviceType getDeviceType(nvinfer1::ILayer const* layer) const noexcept override;
  bool isDeviceTypeSet(nvinfer1::ILayer const* layer) const noexcept override { return device_types_.contains(layer); }
  void resetDeviceType(nvinfer1::ILayer const* layer) noexcept override { device_types_.erase(layer); }
  bool canRunOnDLA(nvinfer1::ILayer const*) const noexcept override { return false; }
  void setDefaultDeviceType(nvinfer1::DeviceType type) noexcept override {
    if (takes_word("setDefaultDeviceType", type)) default_device_ = type;
  }
  nvinfer1::DeviceType getDefaultDeviceType() const noexcept override { return default_device_; }
  void setDLACore(int32_t core) noexcept override {
    if (takes(core >= -1, "setDLACore", core)) dla_core_ = core;
  }
  int32_t getDLACore() const noexcept override { return dla_core_; }
  // Whether any layer is asked to run on a DLA.
  bool wants_dla() const;

  void setProgressMonitor(nvinfer1::IProgressMonitor* monitor) noexcept override { monitor_ = monitor; }
  nvinfer1::IProgressMonitor* getProgressMonitor() const noexcept override { return monitor_; }
  bool setRemoteAutoTuningConfig(char const* config) noexcept override;
  char const* getRemoteAutoTuningConfig() const noexcept override { return remote_tuning_.empty() ? nullptr : remote_tuning_.c_str(); }
  bool setBuildRoute(char const* route) noexcept override;
  char const* getBuildRoute() const noexcept override { return route_.c_str(); }
  char const* getAllBuildRoutes() const noexcept override { return ""; }

  void setInt8Calibrator(nvinfer1::IInt8Calibrator* calibrator) noexcept override { calibrator_ = calibrator; }
  nvinfer1::IInt8Calibrator* getInt8Calibrator() const noexcept override { return calibrator_; }
  bool setCalibrationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept override;
  nvinfer1::IOptimizationProfile const* getCalibrationProfile() noexcept override { return calibration_profile_; }
  void setQuantizationFlags(nvinfer1::QuantizationFlags flags) noexcept override {
    if (takes(flags >> nvinfer1::EnumMax<nvinfer1::QuantizationFlag>() == 0, "setQuantizationFlags", flags)) quantization_flags_ = flags;
  }
  nvinfer1::QuantizationFlags getQuantizationFlags() const noexcept override { return quantization_flags_; }
  void setQuantizationFlag(nvinfer1::QuantizationFlag flag) noexcept override {
    if (takes_word("setQuantizationFlag", flag)) quantization_flags_ |= bit(flag);
  }
  void clearQuantizationFlag(nvinfer1::QuantizationFlag flag) noexcept override {
    if (takes_word("clearQuantizationFlag", flag)) quantization_flags_ &= ~bit(flag);
  }
  bool getQuantizationFlag(nvinfer1::QuantizationFlag flag) const noexcept override { return (quantization_flags_ & bit(flag)) != 0; }
  void setAlgorithmSelector(nvinfer1::IAlgorithmSelector* selector) noexcept override { selector_ = selector; }
  nvinfer1::IAlgorithmSelector* getAlgorithmSelector() const noexcept override { return selector_; }
  void setMinTimingIterations(int32_t count) noexcept override {
    if (takes(count > 0, "setMinTimingIterations", count)) least_timing_ = count;
  }
  int32_t getMinTimingIterations() const noexcept override { return least_timing_; }

 private:
  template <class Word>
  static bool is_word(Word word) {
    return static_cast<int64_t>(word) >= 0 && static_cast<int64_t>(word) < nvinfer1::EnumMax<Word>();
  }
  // 0 for what is no enumerator.
  template <class Word>
  static uint32_t bit(Word word) {
    return is_word(word) ? 1u << static_cast<int>(word) : 0;
  }
  // Whether a setter takes `value`; what it does not take is reported and changes nothing.
  bool takes(bool good, const char* setter, int64_t value) noexcept;
  template <class Word>
  bool takes_word(const char* setter, Word word) noexcept {
    return takes(is_word(word), setter, static_cast<int64_t>(word));
  }

  mutable Reporter reporter_;
  std::string device_;
  nvinfer1::BuilderFlags flags_ = 0;
  uint32_t preview_ = 0;
  std::vector<const OptimizationProfileFacade*> profiles_;
  int32_t level_ = 3, average_timing_ = 1, least_timing_ = 1, most_tactics_ = -1, aux_streams_ = -1;
  std::map<nvinfer1::MemoryPoolType, std::size_t> pools_;
  nvinfer1::TacticSources tactic_sources_ = 0;
  nvinfer1::TilingOptimizationLevel tiling_ = nvinfer1::TilingOptimizationLevel::kNONE;
  int64_t l2_limit_ = -1;
  cudaStream_t profile_stream_ = nullptr;
  std::shared_ptr<TimingCache> cache_;
  nvinfer1::ITimingCache const* cache_facade_ = nullptr;
  nvinfer1::ProfilingVerbosity verbosity_ = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  nvinfer1::EngineCapability capability_ = nvinfer1::EngineCapability::kSTANDARD;
  nvinfer1::HardwareCompatibilityLevel hardware_ = nvinfer1::HardwareCompatibilityLevel::kNONE;
  nvinfer1::RuntimePlatform platform_ = nvinfer1::RuntimePlatform::kSAME_AS_BUILD;
  std::vector<std::string> plugins_;
  std::unordered_map<nvinfer1::ILayer const*, nvinfer1::DeviceType> device_types_;
  nvinfer1::DeviceType default_device_ = nvinfer1::DeviceType::kGPU;
  int32_t dla_core_ = -1;
  nvinfer1::IProgressMonitor* monitor_ = nullptr;
  std::string remote_tuning_, route_;
  nvinfer1::IInt8Calibrator* calibrator_ = nullptr;
  nvinfer1::IOptimizationProfile const* calibration_profile_ = nullptr;
  nvinfer1::QuantizationFlags quantization_flags_ = 0;
  nvinfer1::IAlgorithmSelector* selector_ = nullptr;
};

}  // namespace ingot::api
