#include "api/builder_config.h"

#include <unistd.h>

namespace ingot::api {

using nvinfer1::MemoryPoolType;

namespace {

std::size_t machine_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(size) : std::size_t{1} << 30;
}

}  // namespace

void BuilderConfigFacade::reset() noexcept {
  flags_ = 1u << static_cast<int>(nvinfer1::BuilderFlag::kTF32);
  preview_ = 0;
  profiles_.clear();
  level_ = 3;
  average_timing_ = least_timing_ = 1;
  most_tactics_ = aux_streams_ = -1;
  pools_.clear();
  tactic_sources_ = (1u << nvinfer1::EnumMax<nvinfer1::TacticSource>()) - 1;
  tiling_ = nvinfer1::TilingOptimizationLevel::kNONE;
  l2_limit_ = -1;
  profile_stream_ = nullptr;
  cache_.reset();
  cache_facade_ = nullptr;
  verbosity_ = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  capability_ = nvinfer1::EngineCapability::kSTANDARD;
  hardware_ = nvinfer1::HardwareCompatibilityLevel::kNONE;
  platform_ = nvinfer1::RuntimePlatform::kSAME_AS_BUILD;
  plugins_.clear();
  device_types_.clear();
  default_device_ = nvinfer1::DeviceType::kGPU;
  dla_core_ = -1;
  monitor_ = nullptr;
  remote_tuning_.clear();
  route_.clear();
  calibrator_ = nullptr;
  calibration_profile_ = nullptr;
  quantization_flags_ = 0;
  selector_ = nullptr;
}

bool BuilderConfigFacade::takes(bool good, const char* setter, int64_t value) noexcept {
  if (!good) guarded(reporter_, [&]() -> Status { return invalid(std::string(setter) + " does not take " + std::to_string(value)); });
  return good;
}

void BuilderConfigFacade::setPreviewFeature(nvinfer1::PreviewFeature feature, bool enable) noexcept {
  if (!takes_word("setPreviewFeature", feature)) return;
  preview_ = enable ? preview_ | bit(feature) : preview_ & ~bit(feature);
}

int32_t BuilderConfigFacade::addOptimizationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept {
  return guarded(reporter_, int32_t{-1}, [&]() -> Result<int32_t> {
    if (!profile) return invalid("the profile is null");
    const auto* facade = static_cast<const OptimizationProfileFacade*>(profile);
    const auto core = facade->core();
    if (!core.ok()) return core.error();
    profiles_.push_back(facade);
    return static_cast<int32_t>(profiles_.size()) - 1;
  });
}

void BuilderConfigFacade::setBuilderOptimizationLevel(int32_t level) noexcept {
  guarded(reporter_, [&]() -> Status {
    if (level < 0 || level > 5) return invalid("the builder optimization level is 0 to 5; got " + std::to_string(level));
    level_ = level;
    return Ok{};
  });
}

void BuilderConfigFacade::setMemoryPoolLimit(MemoryPoolType pool, std::size_t size) noexcept {
  guarded(reporter_, [&]() -> Status {
    const auto number = static_cast<int32_t>(pool);
    if (number < 0 || number >= nvinfer1::EnumMax<MemoryPoolType>())
      return invalid("setMemoryPoolLimit: there is no memory pool " + std::to_string(number));
    pools_[pool] = size;
    return Ok{};
  });
}

std::size_t BuilderConfigFacade::getMemoryPoolLimit(MemoryPoolType pool) const noexcept {
  const auto found = pools_.find(pool);
  if (found != pools_.end()) return found->second;
  switch (pool) {
    case MemoryPoolType::kWORKSPACE:
    case MemoryPoolType::kTACTIC_DRAM: return machine_memory();
    default: return 0;
  }
}

bool BuilderConfigFacade::setTacticSources(nvinfer1::TacticSources sources) noexcept {
  if (!takes(sources >> nvinfer1::EnumMax<nvinfer1::TacticSource>() == 0, "setTacticSources", sources)) return false;
  tactic_sources_ = sources;
  return true;
}

bool BuilderConfigFacade::setMaxAuxStreams(int32_t count) noexcept {
  if (!takes(count >= -1, "setMaxAuxStreams", count)) return false;
  aux_streams_ = count;
  return true;
}

bool BuilderConfigFacade::setTilingOptimizationLevel(nvinfer1::TilingOptimizationLevel level) noexcept {
  if (!takes_word("setTilingOptimizationLevel", level)) return false;
  tiling_ = level;
  return true;
}

bool BuilderConfigFacade::setL2LimitForTiling(int64_t size) noexcept {
  if (size < 0) return false;
  l2_limit_ = size;
  return true;
}

nvinfer1::ITimingCache* BuilderConfigFacade::createTimingCache(void const* blob, std::size_t size) const noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ITimingCache*>(nullptr), [&]() -> Result<TimingCacheFacade*> {
    const bool editable = getFlag(nvinfer1::BuilderFlag::kEDITABLE_TIMING_CACHE);
    if (size == 0) return new TimingCacheFacade(reporter_, std::make_shared<TimingCache>(device_), editable);
    if (!blob) return invalid("the timing cache's bytes are null");
    auto cache = TimingCache::parse(Bytes(static_cast<const std::byte*>(blob), size));
    if (!cache.ok()) return std::move(cache).error();
    return new TimingCacheFacade(reporter_, std::make_shared<TimingCache>(std::move(cache).value()), editable);
  });
}

bool BuilderConfigFacade::setTimingCache(nvinfer1::ITimingCache const& cache, bool ignore_mismatch) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    const auto& core = static_cast<const TimingCacheFacade&>(cache).core();
    if (core->device() != device_ && !ignore_mismatch)
      return invalid("the timing cache was made on '" + core->device() + "'; this device is '" + device_ + "'");
    cache_ = core;
    cache_facade_ = &cache;
    return Ok{};
  });
}

void BuilderConfigFacade::setPluginsToSerialize(char const* const* paths, int32_t count) noexcept {
  guarded(reporter_, [&]() -> Status {
    if (count < 0 || (count > 0 && !paths)) return invalid("the paths of plugins are null");
    plugins_.assign(paths, paths + count);
    return Ok{};
  });
}

char const* BuilderConfigFacade::getPluginToSerialize(int32_t index) const noexcept {
  return index >= 0 && index < getNbPluginsToSerialize() ? plugins_[static_cast<size_t>(index)].c_str() : nullptr;
}

void BuilderConfigFacade::setDeviceType(nvinfer1::ILayer const* layer, nvinfer1::DeviceType type) noexcept {
  guarded(reporter_, [&]() -> Status {
    if (!layer) return invalid("setDeviceType: the layer is null");
    if (takes_word("setDeviceType", type)) device_types_[layer] = type;
    return Ok{};
  });
}

nvinfer1::DeviceType BuilderConfigFacade::getDeviceType(nvinfer1::ILayer const* layer) const noexcept {
  const auto found = device_types_.find(layer);
  return found == device_types_.end() ? default_device_ : found->second;
}

bool BuilderConfigFacade::wants_dla() const {
  if (default_device_ == nvinfer1::DeviceType::kDLA) return true;
  for (const auto& [layer, type] : device_types_) {
    if (type == nvinfer1::DeviceType::kDLA) return true;
  }
  return false;
}

bool BuilderConfigFacade::setRemoteAutoTuningConfig(char const* config) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (config && *config) return unsupported("tactics are timed on the device at hand; remote tuning is not offered");
    remote_tuning_.clear();
    return Ok{};
  });
}

bool BuilderConfigFacade::setBuildRoute(char const* route) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (route && *route) return unsupported("there is one build route; got '" + std::string(route) + "'");
    return Ok{};
  });
}

bool BuilderConfigFacade::setCalibrationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept {
  calibration_profile_ = profile;
  return true;
}

}  // namespace ingot::api
