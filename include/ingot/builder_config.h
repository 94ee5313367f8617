// How a network is built.
#pragma once

#include "calibrators.h"
#include "network.h"
#include "optimization_profile.h"
#include "timing_cache.h"

namespace nvinfer1 {

// Switches of a build. Bits of BuilderFlags.
enum class BuilderFlag : int32_t {
  kFP16 = 0,                           // layers may compute in kHALF
  kINT8 = 1,                           // layers with ranges may compute in kINT8
  kDEBUG = 2,                          // synchronize and check after each layer
  kGPU_FALLBACK = 3,                   // layers that a DLA cannot run go to the GPU
  kREFIT = 4,                          // all weights can be replaced later
  kDISABLE_TIMING_CACHE = 5,           // measure everything
  kTF32 = 6,                           // fp32 products may round their factors to TF32; on at first
  kSPARSE_WEIGHTS = 7,                 // use kernels for weights with two zeros in four
  kSAFETY_SCOPE = 8,                   // only what a safe runtime can run
  kOBEY_PRECISION_CONSTRAINTS = 9,     // ILayer::setPrecision binds
  kPREFER_PRECISION_CONSTRAINTS = 10,  // it binds where it can be followed
  kDIRECT_IO = 11,                     // no reformat at inputs and outputs
  kVERSION_COMPATIBLE = 12,            // Ingot's plans are, always
  kEXCLUDE_LEAN_RUNTIME = 13,          // Ingot's plans hold none
  kREJECT_EMPTY_ALGORITHMS = 14,       // fail where an algorithm selector selects nothing
  kERROR_ON_TIMING_CACHE_MISS = 15,    // fail in place of measuring
  kFP8 = 16,                           // layers may compute in kFP8
  kDISABLE_COMPILATION_CACHE = 17,     // compile kernels anew
  kSTRIP_PLAN = 18,                    // leave refittable weights out of the plan
  kWEIGHTLESS = kSTRIP_PLAN,
  kREFIT_IDENTICAL = 19,            // refit promises the same weights, so they may shape the build
  kWEIGHT_STREAMING = 20,           // weights may stay on the host
  kBF16 = 21,                       // layers may compute in kBF16
  kREFIT_INDIVIDUAL = 22,           // marked weights can be replaced later
  kSTRICT_NANS = 23,                // NaN comes out where it would by the formulas
  kMONITOR_MEMORY = 24,             // tell the memory that the build takes
  kINT4 = 25,                       // layers may compute in kINT4
  kEDITABLE_TIMING_CACHE = 26,      // ITimingCache::update works
  kDISTRIBUTIVE_INDEPENDENCE = 27,  // no sum of products depends on how it was cut
  kFP4 = 28,                        // layers may compute in kFP4

  // Retired up to generation 9.
  kSTRICT_TYPES = 29,             // as kOBEY_PRECISION_CONSTRAINTS, where it can be followed
  kENABLE_TACTIC_HEURISTIC = 30,  // estimate in place of measuring
};
template <>
constexpr int32_t EnumMax<BuilderFlag>() noexcept {
  return 31;
}
using BuilderFlags = uint32_t;

// What a memory limit is about.
enum class MemoryPoolType : int32_t {
  kWORKSPACE = 0,  // a step's scratch memory
  kDLA_MANAGED_SRAM = 1,
  kDLA_LOCAL_DRAM = 2,
  kDLA_GLOBAL_DRAM = 3,
  kTACTIC_DRAM = 4,           // device memory while tactics are measured
  kTACTIC_SHARED_MEMORY = 5,  // shared memory of a kernel
};
template <>
constexpr int32_t EnumMax<MemoryPoolType>() noexcept {
  return 6;
}

// Features that were, or are, on trial.
enum class PreviewFeature : int32_t {
  kALIASED_PLUGIN_IO_10_03 = 0,          // plugins may write an output over an input
  kRUNTIME_ACTIVATION_RESIZE_10_10 = 1,  // activation memory follows the shapes

  // Retired up to generation 10.
  kPROFILE_SHARING_0806 = 2,
  kMULTIDEVICE_RUNTIME_10_16 = 3,
  kFASTER_DYNAMIC_SHAPES_0805 = 4,
  kDISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805 = 5,
};
template <>
constexpr int32_t EnumMax<PreviewFeature>() noexcept {
  return 6;
}

// The system that an engine is built for.
enum class RuntimePlatform : int32_t {
  kSAME_AS_BUILD = 0,
  kWINDOWS_AMD64 = 1,
};
template <>
constexpr int32_t EnumMax<RuntimePlatform>() noexcept {
  return 2;
}

// How hard the builder tries to keep intermediate values in caches.
enum class TilingOptimizationLevel : int32_t {
  kNONE = 0,
  kFAST = 1,
  kMODERATE = 2,
  kFULL = 3,
};
template <>
constexpr int32_t EnumMax<TilingOptimizationLevel>() noexcept {
  return 4;
}

// Sees how a build proceeds, and may end it. Phases nest; they are told apart by name.
class IProgressMonitor : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IProgressMonitor", 1, 0}; }
  // parentPhase is null for a phase of its own.
  virtual void phaseStart(char const* phaseName, char const* parentPhase, int32_t nbSteps) = 0;
  // Step 0 .. nbSteps - 1 is done. False ends the build.
  virtual bool stepComplete(char const* phaseName, int32_t step) = 0;
  virtual void phaseFinish(char const* phaseName) = 0;
};

// The settings of a build. Created by IBuilder::createBuilderConfig.
class IBuilderConfig : public INoCopy {
 public:
  ~IBuilderConfig() noexcept override = default;

  // ---- Switches ----

  virtual void setFlags(BuilderFlags builderFlags) noexcept = 0;  // replaces all
  virtual BuilderFlags getFlags() const noexcept = 0;
  virtual void setFlag(BuilderFlag builderFlag) noexcept = 0;
  virtual void clearFlag(BuilderFlag builderFlag) noexcept = 0;
  virtual bool getFlag(BuilderFlag builderFlag) const noexcept = 0;
  virtual void setPreviewFeature(PreviewFeature feature, bool enable) noexcept = 0;
  virtual bool getPreviewFeature(PreviewFeature feature) const noexcept = 0;
  // Everything as it was at first.
  virtual void reset() noexcept = 0;

  // ---- Shapes ----

  // The profile stays the builder's. Returns its index, or -1 where it is not valid.
  virtual int32_t addOptimizationProfile(IOptimizationProfile const* profile) noexcept = 0;
  virtual int32_t getNbOptimizationProfiles() const noexcept = 0;

  // ---- Effort ----

  // 0 to 5: from the quickest build to the fastest engine; 3 at first.
  virtual void setBuilderOptimizationLevel(int32_t level) noexcept = 0;
  virtual int32_t getBuilderOptimizationLevel() noexcept = 0;
  // Bytes that a pool may take; as much as the device has, at first.
  virtual void setMemoryPoolLimit(MemoryPoolType pool, std::size_t poolSize) noexcept = 0;
  virtual std::size_t getMemoryPoolLimit(MemoryPoolType pool) const noexcept = 0;
  // Runs that the time of a tactic is averaged over.
  virtual void setAvgTimingIterations(int32_t avgTiming) noexcept = 0;
  virtual int32_t getAvgTimingIterations() const noexcept = 0;
  // Tactics that are measured for a layer at most; -1 stands for the builder's choice.
  virtual void setMaxNbTactics(int32_t maxNbTactics) noexcept = 0;
  virtual int32_t getMaxNbTactics() const noexcept = 0;
  virtual bool setTacticSources(TacticSources tacticSources) noexcept = 0;
  virtual TacticSources getTacticSources() const noexcept = 0;
  // Streams beside the program's that an engine may use; 0 for none, -1 for the builder's choice. False below -1.
  virtual bool setMaxAuxStreams(int32_t nbStreams) noexcept = 0;
  virtual int32_t getMaxAuxStreams() const noexcept = 0;
  virtual bool setTilingOptimizationLevel(TilingOptimizationLevel level) noexcept = 0;
  virtual TilingOptimizationLevel getTilingOptimizationLevel() const noexcept = 0;
  virtual bool setL2LimitForTiling(int64_t size) noexcept = 0;  // bytes
  virtual int64_t getL2LimitForTiling() const noexcept = 0;
  // The stream that tactics are measured on.
  virtual void setProfileStream(cudaStream_t const stream) noexcept = 0;
  virtual cudaStream_t getProfileStream() const noexcept = 0;

  // ---- Timing cache ----

  // A cache from the bytes of an earlier one, or an empty one for size 0. Null where the bytes are damaged. Deleted by the program.
  virtual ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept = 0;
  // Uses the cache, which outlives the build. False where it comes from another device or version, unless ignoreMismatch.
  virtual bool setTimingCache(ITimingCache const& cache, bool ignoreMismatch) noexcept = 0;
  virtual ITimingCache const* getTimingCache() const noexcept = 0;

  // ---- What the engine keeps, and where it runs ----

  virtual void setProfilingVerbosity(ProfilingVerbosity verbosity) noexcept = 0;
  virtual ProfilingVerbosity getProfilingVerbosity() const noexcept = 0;
  virtual void setEngineCapability(EngineCapability capability) noexcept = 0;
  virtual EngineCapability getEngineCapability() const noexcept = 0;
  virtual void setHardwareCompatibilityLevel(HardwareCompatibilityLevel hardwareCompatibilityLevel) noexcept = 0;
  virtual HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept = 0;
  virtual void setRuntimePlatform(RuntimePlatform runtimePlatform) noexcept = 0;
  virtual RuntimePlatform getRuntimePlatform() const noexcept = 0;
  // Libraries of plugins that travel with the plan; Ingot's plans hold no code, so they are named only.
  virtual void setPluginsToSerialize(char const* const* paths, int32_t nbPaths) noexcept = 0;
  virtual char const* getPluginToSerialize(int32_t index) const noexcept = 0;
  virtual int32_t getNbPluginsToSerialize() const noexcept = 0;

  // The processor of a layer, or of all that have none of their own.
  virtual void setDeviceType(ILayer const* layer, DeviceType deviceType) noexcept = 0;
  virtual DeviceType getDeviceType(ILayer const* layer) const noexcept = 0;
  virtual bool isDeviceTypeSet(ILayer const* layer) const noexcept = 0;
  virtual void resetDeviceType(ILayer const* layer) noexcept = 0;
  virtual bool canRunOnDLA(ILayer const* layer) const noexcept = 0;
  virtual void setDefaultDeviceType(DeviceType deviceType) noexcept = 0;
  virtual DeviceType getDefaultDeviceType() const noexcept = 0;
  virtual void setDLACore(int32_t dlaCore) noexcept = 0;
  virtual int32_t getDLACore() const noexcept = 0;

  // ---- While it builds ----

  virtual void setProgressMonitor(IProgressMonitor* monitor) noexcept = 0;
  virtual IProgressMonitor* getProgressMonitor() const noexcept = 0;
  virtual bool setRemoteAutoTuningConfig(char const* config) noexcept = 0;
  virtual char const* getRemoteAutoTuningConfig() const noexcept = 0;
  // The way that a build takes, as text.
  virtual bool setBuildRoute(char const* route) noexcept = 0;
  virtual char const* getBuildRoute() const noexcept = 0;
  virtual char const* getAllBuildRoutes() const noexcept = 0;

  // ---- Retired ----

  // Weak typing, up to generation 10; calibrators.h says what they do.
  virtual void setInt8Calibrator(IInt8Calibrator* calibrator) noexcept = 0;
  virtual IInt8Calibrator* getInt8Calibrator() const noexcept = 0;
  virtual bool setCalibrationProfile(IOptimizationProfile const* profile) noexcept = 0;
  virtual IOptimizationProfile const* getCalibrationProfile() noexcept = 0;
  virtual void setQuantizationFlags(QuantizationFlags flags) noexcept = 0;
  virtual QuantizationFlags getQuantizationFlags() const noexcept = 0;
  virtual void setQuantizationFlag(QuantizationFlag flag) noexcept = 0;
  virtual void clearQuantizationFlag(QuantizationFlag flag) noexcept = 0;
  virtual bool getQuantizationFlag(QuantizationFlag flag) const noexcept = 0;
  virtual void setAlgorithmSelector(IAlgorithmSelector* selector) noexcept = 0;
  virtual IAlgorithmSelector* getAlgorithmSelector() const noexcept = 0;

  // Up to generation 9.
  void setMaxWorkspaceSize(std::size_t workspaceSize) noexcept { setMemoryPoolLimit(MemoryPoolType::kWORKSPACE, workspaceSize); }
  std::size_t getMaxWorkspaceSize() const noexcept { return getMemoryPoolLimit(MemoryPoolType::kWORKSPACE); }
  virtual void setMinTimingIterations(int32_t minTiming) noexcept = 0;
  virtual int32_t getMinTimingIterations() const noexcept = 0;
  void destroy() noexcept { delete this; }
};

namespace v_1_0 {
using nvinfer1::IProgressMonitor;
}  // namespace v_1_0
}  // namespace nvinfer1
