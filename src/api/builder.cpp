#include "build/builder.h"

#include <optional>

#include "api/adapters/gpu_allocator.h"
#include "api/adapters/plan_memory.h"
#include "api/adapters/plugin_plans.h"
#include "api/algorithm_selector.h"
#include "api/builder_config.h"
#include "api/calibrate.h"
#include "api/engine.h"
#include "api/library.h"
#include "api/load_engine.h"
#include "api/network_access.h"
#include "api/plugin_registry.h"
#include "api/plugins/stock.h"
#include "api/weights_table.h"
#include "base/cpu_info.h"
#include "base/env.h"

namespace ingot::api {

using nvinfer1::BuilderFlag;
using nvinfer1::DeviceType;
using nvinfer1::EngineCapability;
using nvinfer1::ICudaEngine;
using nvinfer1::IHostMemory;
using nvinfer1::ILayer;
using nvinfer1::INetworkDefinition;

namespace {

// Phases of the build as the program's monitor sees them.
class MonitorAdapter {
 public:
  explicit MonitorAdapter(nvinfer1::IProgressMonitor* monitor) : monitor_(monitor) {}
  ~MonitorAdapter() {
    try {
      finish();
    } catch (...) {
      // What a monitor throws at the end of a build is its own.
    }
  }
  bool operator()(const std::string& stage, size_t done, size_t all) {
    if (!monitor_) return true;
    if (stage != stage_) {
      finish();
      stage_ = stage;
      monitor_->phaseStart(stage_.c_str(), nullptr, static_cast<int32_t>(all));
    }
    return done == 0 || monitor_->stepComplete(stage_.c_str(), static_cast<int32_t>(done) - 1);
  }

 private:
  void finish() {
    if (monitor_ && !stage_.empty()) monitor_->phaseFinish(stage_.c_str());
    stage_.clear();
  }
  nvinfer1::IProgressMonitor* monitor_;
  std::string stage_;
};

const char* word_of(nvinfer1::ProfilingVerbosity verbosity) {
  switch (verbosity) {
    case nvinfer1::ProfilingVerbosity::kDETAILED: return "detailed";
    case nvinfer1::ProfilingVerbosity::kNONE: return "none";
    default: return "layer_names_only";
  }
}

class BuilderFacade final : public nvinfer1::IBuilder {
 public:
  BuilderFacade(nvinfer1::ILogger* logger, int major, std::shared_ptr<Device> device)
      : reporter_(logger), major_(major), device_(std::move(device)), settings_(reporter_, device_->description()) {}

  INetworkDefinition* createNetworkV2(nvinfer1::NetworkDefinitionCreationFlags flags) noexcept override {
    return guarded(reporter_, static_cast<INetworkDefinition*>(nullptr), [&] { return make_network(*this, reporter_, flags, major_); });
  }
  INetworkDefinition* createNetwork() noexcept override { return createNetworkV2(0); }
  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override {
    return guarded(reporter_, static_cast<nvinfer1::IBuilderConfig*>(nullptr),
                   [&] { return new BuilderConfigFacade(reporter_, device_->description()); });
  }
  nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override {
    return guarded(reporter_, static_cast<nvinfer1::IOptimizationProfile*>(nullptr), [&] {
      profiles_.push_back(std::make_unique<OptimizationProfileFacade>(reporter_));
      return profiles_.back().get();
    });
  }

  IHostMemory* buildSerializedNetwork(INetworkDefinition& network, nvinfer1::IBuilderConfig& config) noexcept override {
    return guarded(reporter_, static_cast<IHostMemory*>(nullptr), [&]() -> Result<HostMemory*> {
      TRY_ASSIGN(std::vector<std::byte> bytes, build_bytes(network, config));
      return new HostMemory(std::move(bytes));
    });
  }
  IHostMemory* buildSerializedNetwork(INetworkDefinition& network, nvinfer1::IBuilderConfig& config,
                                      IHostMemory*& kernel_text) noexcept override {
    kernel_text = nullptr;
    return buildSerializedNetwork(network, config);
  }
  bool buildSerializedNetworkToStream(INetworkDefinition& network, nvinfer1::IBuilderConfig& config,
                                      nvinfer1::IStreamWriter& writer) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY_ASSIGN(std::vector<std::byte> bytes, build_bytes(network, config));
      const int64_t size = static_cast<int64_t>(bytes.size()), written = writer.write(bytes.data(), size);
      if (written != size)
        return invalid("the stream took " + std::to_string(written) + " of " + std::to_string(size) + " bytes of the plan");
      return Ok{};
    });
  }
  ICudaEngine* buildEngineWithConfig(INetworkDefinition& network, nvinfer1::IBuilderConfig& config) noexcept override {
    return guarded(reporter_, static_cast<ICudaEngine*>(nullptr), [&]() -> Result<EngineFacade*> {
      TRY_ASSIGN(Plan plan, build(network, config));
      TRY_ASSIGN(std::shared_ptr<Engine> engine, load_built(std::move(plan)));
      return new EngineFacade(reporter_, engine, {allocator_});
    });
  }
  ICudaEngine* buildCudaEngine(INetworkDefinition& network) noexcept override { return buildEngineWithConfig(network, settings_); }
  bool isNetworkSupported(INetworkDefinition const& network, nvinfer1::IBuilderConfig const& config) const noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY(check(static_cast<const BuilderConfigFacade&>(config)));
      TRY_ASSIGN(std::unique_ptr<Network> copy, buildable_network(network));
      return copy->verify();
    });
  }

  void setGpuAllocator(nvinfer1::IGpuAllocator* allocator) noexcept override { allocator_ = allocator; }
  bool setMaxThreads(int32_t threads) noexcept override {
    if (threads < 1) return false;
    threads_ = threads;
    return true;
  }
  int32_t getMaxThreads() const noexcept override { return threads_; }
  nvinfer1::ILogger* getLogger() const noexcept override { return reporter_.logger(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  nvinfer1::IPluginRegistry& getPluginRegistry() noexcept override { return registry_; }
  int32_t getNbDLACores() const noexcept override { return 0; }
  int32_t getMaxDLABatchSize() const noexcept override { return 0; }
  void reset() noexcept override {
    settings_.reset();
    allocator_ = nullptr;
    max_batch_ = 1;
  }
  void reset(INetworkDefinition&) noexcept override { reset(); }
  bool platformHasFastFp16() const noexcept override { return false; }
  bool platformHasFastInt8() const noexcept override { return current_isa() >= Isa::kVnni; }
  bool platformHasTf32() const noexcept override { return current_isa() >= Isa::kAmx; }

  void setMaxBatchSize(int32_t batch) noexcept override {
    guarded(reporter_, [&]() -> Status {
      if (batch < 1) return invalid("the largest batch is at least 1; got " + std::to_string(batch));
      max_batch_ = batch;
      return Ok{};
    });
  }
  int32_t getMaxBatchSize() const noexcept override { return max_batch_; }
  void setMaxWorkspaceSize(std::size_t size) noexcept override { settings_.setMaxWorkspaceSize(size); }
  std::size_t getMaxWorkspaceSize() const noexcept override { return settings_.getMaxWorkspaceSize(); }
  void setFp16Mode(bool mode) noexcept override { set(BuilderFlag::kFP16, mode); }
  bool getFp16Mode() const noexcept override { return settings_.getFlag(BuilderFlag::kFP16); }
  void setInt8Mode(bool mode) noexcept override { set(BuilderFlag::kINT8, mode); }
  bool getInt8Mode() const noexcept override { return settings_.getFlag(BuilderFlag::kINT8); }
  void setInt8Calibrator(nvinfer1::IInt8Calibrator* calibrator) noexcept override { settings_.setInt8Calibrator(calibrator); }
  void setStrictTypeConstraints(bool mode) noexcept override { set(BuilderFlag::kSTRICT_TYPES, mode); }
  bool getStrictTypeConstraints() const noexcept override { return settings_.getFlag(BuilderFlag::kSTRICT_TYPES); }
  void setRefittable(bool refit) noexcept override { set(BuilderFlag::kREFIT, refit); }
  bool getRefittable() const noexcept override { return settings_.getFlag(BuilderFlag::kREFIT); }
  void setDebugSync(bool sync) noexcept override { set(BuilderFlag::kDEBUG, sync); }
  bool getDebugSync() const noexcept override { return settings_.getFlag(BuilderFlag::kDEBUG); }
  void setMinFindIterations(int32_t count) noexcept override { settings_.setMinTimingIterations(count); }
  int32_t getMinFindIterations() const noexcept override { return settings_.getMinTimingIterations(); }
  void setAverageFindIterations(int32_t count) noexcept override { settings_.setAvgTimingIterations(count); }
  int32_t getAverageFindIterations() const noexcept override { return settings_.getAvgTimingIterations(); }
  void setEngineCapability(EngineCapability capability) noexcept override { settings_.setEngineCapability(capability); }
  EngineCapability getEngineCapability() const noexcept override { return settings_.getEngineCapability(); }
  void allowGPUFallback(bool allow) noexcept override { set(BuilderFlag::kGPU_FALLBACK, allow); }
  void setDeviceType(ILayer* layer, DeviceType type) noexcept override { settings_.setDeviceType(layer, type); }
  DeviceType getDeviceType(ILayer const* layer) const noexcept override { return settings_.getDeviceType(layer); }
  bool isDeviceTypeSet(ILayer const* layer) const noexcept override { return settings_.isDeviceTypeSet(layer); }
  void resetDeviceType(ILayer* layer) noexcept override { settings_.resetDeviceType(layer); }
  bool canRunOnDLA(ILayer const*) const noexcept override { return false; }
  void setDefaultDeviceType(DeviceType type) noexcept override { settings_.setDefaultDeviceType(type); }
  DeviceType getDefaultDeviceType() const noexcept override { return settings_.getDefaultDeviceType(); }
  void setDLACore(int32_t core) noexcept override { settings_.setDLACore(core); }
  int32_t getDLACore() const noexcept override { return settings_.getDLACore(); }

 private:
  void set(BuilderFlag flag, bool on) noexcept { on ? settings_.setFlag(flag) : settings_.clearFlag(flag); }

  // Wishes that no engine of this version can fulfil.
  static Status check(const BuilderConfigFacade& config) {
    if (config.wants_dla() && !config.getFlag(BuilderFlag::kGPU_FALLBACK))
      return unsupported("a layer is to run on a DLA, but there is none; set BuilderFlag::kGPU_FALLBACK or DeviceType::kGPU");
    if (config.getEngineCapability() != EngineCapability::kSTANDARD)
      return unsupported("only engines of EngineCapability::kSTANDARD are built");
    return Ok{};
  }

  Result<std::vector<std::byte>> build_bytes(INetworkDefinition& definition, nvinfer1::IBuilderConfig& wishes) {
    TRY_ASSIGN(Plan plan, build(definition, wishes));
    return write_plan(plan);
  }

  // Read as any program reads it, but plugins go on as they were built, which needs no creator.
  Result<std::shared_ptr<Engine>> load_built(Plan plan) {
    const MemoryFrom given(supply_of(allocator_));
    TRY_ASSIGN(Plan own, moved_plan(std::move(plan), allocator_, *device_));
    return load_engine(std::move(own), device_, reporter_.log());
  }

  Result<Plan> build(INetworkDefinition& definition, nvinfer1::IBuilderConfig& wishes) {
    const auto& config = static_cast<const BuilderConfigFacade&>(wishes);
    const MemoryFrom given(supply_of(allocator_));
    TRY(check(config));
    TRY_ASSIGN(std::unique_ptr<Network> network, buildable_network(definition));
    TRY(expand_stock_plugins(*network));
    network->profiles.clear();
    for (const OptimizationProfileFacade* profile : config.profiles()) {
      TRY_ASSIGN(Profile shapes, profile->core());
      network->profiles.push_back(std::move(shapes));
    }
    const bool implicit = has_implicit_batch(definition);
    if (implicit) {
      // The batch is dimension 0 of every input, and its range is the only thing that is open.
      network->profiles.assign(1, Profile());
      for (const Tensor* input : network->inputs()) {
        ProfileEntry& entry = network->profiles[0].shapes[input->name];
        for (const Dim& dim : input->type.dims) entry.max.push_back(dim.constant().value_or(max_batch_));
        entry.min = entry.opt = entry.max;
        entry.min[0] = 1;
      }
    }
    if (config.getFlag(BuilderFlag::kINT8) && config.calibrator()) {
      Profile shapes;
      const auto* wanted = static_cast<const OptimizationProfileFacade*>(const_cast<BuilderConfigFacade&>(config).getCalibrationProfile());
      if (wanted) {
        TRY_ASSIGN(shapes, wanted->core());
      } else if (implicit) {
        // Batches have the size that the calibrator says.
        shapes = network->profiles[0];
        const int32_t batch = config.calibrator()->getBatchSize();
        if (batch < 1) return invalid("calibration: getBatchSize() gives " + std::to_string(batch));
        for (auto& [input, entry] : shapes.shapes) entry.min[0] = entry.opt[0] = entry.max[0] = batch;
      }
      TRY(calibrate(*network, *config.calibrator(), wanted || implicit ? &shapes : nullptr, device_, reporter_.log(),
                    getInferLibVersion()));
    }
    TRY(prepare_plugins(*network, is_strongly_typed(definition), config.getFlag(BuilderFlag::kINT8), max_batch_, *device_, allocator_));
    MonitorAdapter monitor(config.monitor());
    BuildConfig build;
    build.log = &reporter_.log();
    build.device = device_;
    build.optimize.strongly_typed = is_strongly_typed(definition);
    build.optimize.allow_half = config.getFlag(BuilderFlag::kFP16);
    build.optimize.allow_bf16 = config.getFlag(BuilderFlag::kBF16);
    build.optimize.allow_int8 = config.getFlag(BuilderFlag::kINT8);
    build.optimize.strict_nans = config.getFlag(BuilderFlag::kSTRICT_NANS);
    build.allow_tf32 = config.getFlag(BuilderFlag::kTF32);
    build.verify = environment("INGOT_VERIFY").value_or("0") != "0";
    const bool strip = config.getFlag(BuilderFlag::kSTRIP_PLAN), individual = config.getFlag(BuilderFlag::kREFIT_INDIVIDUAL);
    build.refittable = strip || individual || config.getFlag(BuilderFlag::kREFIT) || config.getFlag(BuilderFlag::kREFIT_IDENTICAL);
    DebugWishes debugging = debug_wishes(definition);
    build.debug_tensors = std::move(debugging.tensors);
    build.debug_unfused = debugging.unfused;
    if (!config.getFlag(BuilderFlag::kDISABLE_TIMING_CACHE)) build.cache = config.timing_cache();
    build.error_on_cache_miss = config.getFlag(BuilderFlag::kERROR_ON_TIMING_CACHE_MISS);
    build.optimization_level =
        config.getFlag(BuilderFlag::kENABLE_TACTIC_HEURISTIC) ? 1 : const_cast<BuilderConfigFacade&>(config).getBuilderOptimizationLevel();
    build.most_tactics = config.getMaxNbTactics();
    build.progress = [&](const std::string& stage, size_t done, size_t all) { return monitor(stage, done, all); };
    build.properties["profiling_verbosity"] = word_of(config.getProfilingVerbosity());
    std::optional<AlgorithmSelection> selection;
    if (config.getAlgorithmSelector()) {
      selection.emplace(*config.getAlgorithmSelector(), config.getFlag(BuilderFlag::kREJECT_EMPTY_ALGORITHMS));
      build.filter = [&](const Network& optimized, const Layer& layer, const std::vector<Candidate>& candidates) {
        return selection->select(optimized, layer, candidates);
      };
    }
    if (build.refittable) {
      const std::vector<WeightsEntry> weights = weights_of(definition, individual);
      // Numbers that layers have a role for; those of models are parts of their formulas.
      for (const WeightsEntry& entry : weights) {
        if (entry.role != nvinfer1::WeightsRole::kANY && entry.role != nvinfer1::WeightsRole::kCONSTANT)
          build.held_numbers.push_back(entry.constant);
      }
      build.properties[kWeightsProperty] = write_weights_table(weights);
    }
    if (config.getFlag(BuilderFlag::kWEIGHT_STREAMING)) build.properties["weight_streaming"] = "1";
    if (implicit) build.properties["implicit_batch"] = std::to_string(max_batch_);
    TRY_ASSIGN(Plan plan, build_plan(*network, build));
    if (selection) selection->report(plan);
    std::string libraries;
    for (int32_t i = 0; i < config.getNbPluginsToSerialize(); ++i)
      libraries += (i ? "\n" : "") + std::string(config.getPluginToSerialize(i));
    if (strip) plan.properties[kStrippedProperty] = join_names(strippable_weights(plan));
    if (!libraries.empty()) plan.properties[kPluginLibrariesProperty] = libraries;
    TRY(configure_plugins(plan));
    return plan;
  }

  mutable Reporter reporter_;
  int major_;
  std::shared_ptr<Device> device_;
  PluginRegistry registry_{::getPluginRegistry()};
  BuilderConfigFacade settings_;  // of generations up to 7
  std::vector<std::unique_ptr<OptimizationProfileFacade>> profiles_;
  nvinfer1::IGpuAllocator* allocator_ = nullptr;
  int32_t threads_ = 1, max_batch_ = 1;
};

}  // namespace

nvinfer1::IBuilder* make_builder(nvinfer1::ILogger* logger, int major, std::shared_ptr<Device> device) {
  return new BuilderFacade(logger, major, std::move(device));
}

}  // namespace ingot::api
