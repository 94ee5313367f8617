#include "api/engine.h"

#include <cstdlib>

#include "api/adapters/gpu_allocator.h"
#include "api/adapters/plan_memory.h"
#include "api/adapters/streamed_weights.h"
#include "api/execution_context.h"
#include "api/host_memory.h"
#include "api/load_engine.h"
#include "api/weights_table.h"
#include "build/debug_tensors.h"
#include "build/refit.h"
#include "operators/plugin.h"
#include "operators/tensor_scatter.h"

namespace ingot::api {

using nvinfer1::DataType;
using nvinfer1::ExecutionContextAllocationStrategy;
using nvinfer1::OptProfileSelector;
using nvinfer1::TensorFormat;
using nvinfer1::TensorIOMode;
using nvinfer1::TensorLocation;

namespace {

bool is_strategy(ExecutionContextAllocationStrategy strategy) {
  return static_cast<int>(strategy) >= 0 && static_cast<int>(strategy) < nvinfer1::EnumMax<ExecutionContextAllocationStrategy>();
}

class RuntimeConfig final : public nvinfer1::IRuntimeConfig {
 public:
  explicit RuntimeConfig(ExecutionContextAllocationStrategy strategy = ExecutionContextAllocationStrategy::kSTATIC) : strategy_(strategy) {}
  void setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy strategy) noexcept override {
    if (is_strategy(strategy)) strategy_ = strategy;
  }
  ExecutionContextAllocationStrategy getExecutionContextAllocationStrategy() const noexcept override { return strategy_; }

 private:
  ExecutionContextAllocationStrategy strategy_;
};

class SerializationConfig final : public nvinfer1::ISerializationConfig {
 public:
  bool setFlags(nvinfer1::SerializationFlags flags) noexcept override {
    if (flags >> nvinfer1::EnumMax<nvinfer1::SerializationFlag>() != 0) return false;
    flags_ = flags;
    return true;
  }
  nvinfer1::SerializationFlags getFlags() const noexcept override { return flags_; }
  bool setFlag(nvinfer1::SerializationFlag flag) noexcept override { return bit(flag) != 0 && setFlags(flags_ | bit(flag)); }
  bool clearFlag(nvinfer1::SerializationFlag flag) noexcept override { return bit(flag) != 0 && setFlags(flags_ & ~bit(flag)); }
  bool getFlag(nvinfer1::SerializationFlag flag) const noexcept override { return (flags_ & bit(flag)) != 0; }

 private:
  static uint32_t bit(nvinfer1::SerializationFlag flag) {
    const auto word = static_cast<int>(flag);
    return word < 0 || word >= nvinfer1::EnumMax<nvinfer1::SerializationFlag>() ? 0 : 1u << word;
  }
  nvinfer1::SerializationFlags flags_ = 0;
};

int32_t channels_of(Format format) {
  switch (format) {
    case Format::kChw2: return 2;
    case Format::kChw4: return 4;
    case Format::kHwc8: return 8;
    case Format::kC16:
    case Format::kChw16:
    case Format::kHwc16: return 16;
    case Format::kChw32: return 32;
    default: return 0;
  }
}

}  // namespace

EngineFacade::EngineFacade(const Reporter& reporter, std::shared_ptr<const Engine> engine, MemorySource memory)
    : reporter_(reporter), engine_(std::move(engine)), memory_(memory) {
  for (const IoTensor& io : engine_->io()) names_.push_back(io.tensor->name);
  name_ = engine_->network().name;
  const std::string batch = engine_->plan().property("implicit_batch");
  for (std::string& name : split_names(engine_->plan().property(kDebugTensorsProperty))) debug_tensors_.insert(std::move(name));
  for (std::string& name : split_names(engine_->plan().property(kUnfusedTensorsProperty))) unfused_tensors_.insert(std::move(name));
  if (!batch.empty()) max_batch_ = static_cast<int32_t>(std::strtol(batch.c_str(), nullptr, 10));
}

Status EngineFacade::refit(const std::map<std::string, Array>& weights) {
  const MemoryFrom given(supply_of(memory_.allocator));
  const std::shared_ptr<const Engine> now = core();
  TRY_ASSIGN(Plan plan, refit_plan(now->plan(), weights, now->device(), reporter_.log()));
  std::vector<std::string> missing = missing_weights();
  std::erase_if(missing, [&](const std::string& name) { return weights.contains(name); });
  if (missing.empty())
    plan.properties.erase(kStrippedProperty);
  else
    plan.properties[kStrippedProperty] = join_names(missing);
  if (memory_.allocator) {
    TRY_ASSIGN(plan, moved_plan(std::move(plan), memory_.allocator, now->device()));
  }
  return replace(std::move(plan), budget_);
}

Status EngineFacade::replace(Plan plan, int64_t budget) {
  const std::shared_ptr<const Engine> now = core();
  std::shared_ptr<const MemorySupply> supply = supply_of(memory_.allocator);
  if (budget >= 0 && budget < getStreamableWeightsSize()) {
    if (auto streamed = streamed_weights(now->shared_device(), static_cast<size_t>(budget), supply)) supply = std::move(streamed);
  }
  const MemoryFrom given(supply);
  TRY_ASSIGN(std::shared_ptr<Engine> fresh, load_engine(std::move(plan), now->shared_device(), reporter_.log()));
  std::lock_guard lock(mutex_);
  engine_ = std::move(fresh);
  activation_bytes_.clear();
  return Ok{};
}

std::vector<std::string> EngineFacade::missing_weights() const { return split_names(core()->plan().property(kStrippedProperty)); }

// A cache that is updated, or what a plugin writes over. The output may still have memory of its own.
char const* EngineFacade::getAliasedInputTensor(char const* name) const noexcept {
  const int index = find(name);
  if (index < 0) return nullptr;
  return guarded(reporter_, static_cast<char const*>(nullptr), [&]() -> char const* {
    const std::shared_ptr<const Engine> now = core();
    const Tensor* output = now->io()[static_cast<size_t>(index)].tensor;
    const Layer* producer = output->producer();
    if (!producer) return nullptr;
    int64_t source = producer->as<TensorScatter>() ? 0 : -1;
    if (const auto* plugin = producer->as<Plugin>(); plugin && output->producer_index() < plugin->aliases.size())
      source = plugin->aliases[output->producer_index()];
    const Tensor* input = source < 0 ? nullptr : producer->input(static_cast<size_t>(source));
    return input && input->is_input() ? getIOTensorName(now->io_index(input->name)) : nullptr;
  });
}

bool EngineFacade::isDebugTensor(char const* name) const noexcept {
  return guarded(reporter_, false, [&] { return name && (debug_tensors_.contains(name) || unfused_tensors_.contains(name)); });
}

bool EngineFacade::setWeightStreamingBudgetV2(int64_t budget) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (budget < 0) return invalid("the budget of streamed weights is " + std::to_string(budget) + " bytes; it is not negative");
    const int64_t all = getStreamableWeightsSize(), wanted = std::min(budget, all);
    if (wanted == getWeightStreamingBudgetV2()) {
      budget_ = wanted;
      return Ok{};
    }
    if (*contexts_ > 0)
      return invalid("the budget of streamed weights changes only while the engine has no execution context; " +
                     std::to_string(contexts_->load()) + " live");
    const std::shared_ptr<const Engine> now = core();
    if (now->device().is_asynchronous()) {
      Plan plan;
      plan.network = now->plan().network->clone();
      plan.choices = now->plan().choices;
      plan.properties = now->plan().properties;
      TRY(replace(std::move(plan), wanted));
    } else if (wanted < all) {
      reporter_.log().info(
          "setWeightStreamingBudgetV2: a CPU reads all weights from the host's memory, which is where streamed ones wait; " +
          std::string("the budget of ") + std::to_string(wanted) + " bytes is kept and told");
    }
    budget_ = wanted;
    return Ok{};
  });
}

int64_t EngineFacade::getStreamableWeightsSize() const noexcept {
  return core()->plan().property("weight_streaming") == "1" ? std::max<int64_t>(0, getEngineStat(nvinfer1::EngineStat::kTOTAL_WEIGHTS_SIZE))
                                                            : 0;
}

WideDims EngineFacade::visible(WideDims dims) const noexcept {
  if (max_batch_ == 0 || dims.nbDims < 1) return dims;
  WideDims inner{};
  inner.nbDims = dims.nbDims - 1;
  for (int i = 0; i < inner.nbDims; ++i) inner.d[i] = dims.d[i + 1];
  return inner;
}

int EngineFacade::find(char const* name) const noexcept {
  return guarded(reporter_, -1, [&]() -> Result<int> {
    if (!name) return invalid("the name of a tensor is null");
    const int index = engine_->io_index(name);
    if (index >= 0) return index;
    std::string known;
    for (const IoTensor& io : engine_->io()) known += (known.empty() ? "'" : ", '") + io.tensor->name + "'";
    return invalid("the engine has no input or output '" + std::string(name) + "'; there are " + known);
  });
}

int EngineFacade::io_of_binding(int32_t binding) const noexcept {
  return binding >= 0 && binding < getNbBindings() ? binding % getNbIOTensors() : -1;
}

const char* EngineFacade::binding_name(int32_t binding) const noexcept { return getIOTensorName(io_of_binding(binding)); }

int32_t EngineFacade::getNbIOTensors() const noexcept { return static_cast<int32_t>(engine_->io().size()); }

char const* EngineFacade::getIOTensorName(int32_t index) const noexcept {
  return index >= 0 && index < getNbIOTensors() ? names_[static_cast<size_t>(index)].c_str() : nullptr;
}

TensorIOMode EngineFacade::getTensorIOMode(char const* name) const noexcept {
  const int index = name ? engine_->io_index(name) : -1;
  if (index < 0) return TensorIOMode::kNONE;
  return engine_->io()[static_cast<size_t>(index)].is_input ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
}

DataType EngineFacade::getTensorDataType(char const* name) const noexcept {
  const int index = find(name);
  return index < 0 ? DataType::kFLOAT : to_api(engine_->io()[static_cast<size_t>(index)].tensor->type.type);
}

TensorLocation EngineFacade::getTensorLocation(char const* name) const noexcept {
  const int index = find(name);
  return index >= 0 && engine_->io()[static_cast<size_t>(index)].tensor->type.place == Place::kHost ? TensorLocation::kHOST
                                                                                                    : TensorLocation::kDEVICE;
}

bool EngineFacade::isShapeInferenceIO(char const* name) const noexcept {
  const int index = find(name);
  return index >= 0 && engine_->io()[static_cast<size_t>(index)].tensor->type.place == Place::kHost;
}

TensorFormat EngineFacade::getTensorFormat(char const* name) const noexcept {
  const int index = find(name);
  return index < 0
             ? TensorFormat::kLINEAR
             : to_api(engine_->io()[static_cast<size_t>(index)].format, engine_->io()[static_cast<size_t>(index)].tensor->type.rank());
}

char const* EngineFacade::getTensorFormatDesc(char const* name) const noexcept {
  const int index = find(name);
  return index < 0
             ? ""
             : describe(engine_->io()[static_cast<size_t>(index)].format, engine_->io()[static_cast<size_t>(index)].tensor->type.type);
}

int32_t EngineFacade::getTensorBytesPerComponent(char const* name) const noexcept {
  const int index = find(name);
  if (index < 0 || !channels_of(engine_->io()[static_cast<size_t>(index)].format)) return -1;
  return bits_of(engine_->io()[static_cast<size_t>(index)].tensor->type.type) / 8;
}

int32_t EngineFacade::getTensorComponentsPerElement(char const* name) const noexcept {
  const int index = find(name);
  const int32_t channels = index < 0 ? 0 : channels_of(engine_->io()[static_cast<size_t>(index)].format);
  return channels ? channels : -1;
}

int32_t EngineFacade::getTensorVectorizedDim(char const* name) const noexcept {
  const int index = find(name);
  return index >= 0 && channels_of(engine_->io()[static_cast<size_t>(index)].format) ? 1 : -1;
}

WideDims EngineFacade::getTensorShape64_(char const* name) const noexcept {
  const int index = find(name);
  return index < 0 ? invalid_dims() : visible(to_api(engine_->io()[static_cast<size_t>(index)].tensor->type.dims));
}

int32_t EngineFacade::getNbOptimizationProfiles() const noexcept {
  const auto count = static_cast<int32_t>(engine_->profile_count());
  return count > 0 ? count : 1;  // a network of static shapes has one that says so
}

const ProfileEntry* EngineFacade::profile_entry(char const* name, int32_t profile, bool values) const noexcept {
  const int index = find(name);
  if (index < 0 || profile < 0 || static_cast<size_t>(profile) >= engine_->profile_count()) return nullptr;
  const Profile& shapes = engine_->network().profiles[static_cast<size_t>(profile)];
  const auto& entries = values ? shapes.values : shapes.shapes;
  const auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

namespace {

const Shape& pick(const ProfileEntry& entry, OptProfileSelector select) {
  return select == OptProfileSelector::kMIN ? entry.min : select == OptProfileSelector::kMAX ? entry.max : entry.opt;
}

}  // namespace

WideDims EngineFacade::getProfileShape64_(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  if (const ProfileEntry* entry = profile_entry(name, profile, false)) return visible(to_api(pick(*entry, select)));
  const int index = find(name);
  if (index < 0 || profile < 0 || profile >= getNbOptimizationProfiles()) return invalid_dims();
  const Tensor* tensor = engine_->io()[static_cast<size_t>(index)].tensor;
  return tensor->is_input() && all_constant(tensor->type.dims) ? to_api(tensor->type.dims) : invalid_dims();
}

int64_t const* EngineFacade::getProfileTensorValuesV2(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  const ProfileEntry* entry = profile_entry(name, profile, true);
  return entry ? pick(*entry, select).data() : nullptr;
}

int32_t const* EngineFacade::getProfileTensorValues(char const* name, int32_t profile, OptProfileSelector select) const noexcept {
  const ProfileEntry* entry = profile_entry(name, profile, true);
  if (!entry) return nullptr;
  return guarded(reporter_, static_cast<int32_t const*>(nullptr), [&]() -> int32_t const* {
    narrow_values_.emplace_back();
    for (int64_t value : pick(*entry, select)) narrow_values_.back().push_back(nvinfer1::impl::saturate(value));
    return narrow_values_.back().data();
  });
}

int32_t const* EngineFacade::getProfileShapeValues(int32_t profile, int32_t binding, OptProfileSelector select) const noexcept {
  return getProfileTensorValues(binding_name(binding), profile, select);
}

std::unique_ptr<nvinfer1::IRuntimeConfig> make_runtime_config(ExecutionContextAllocationStrategy strategy) {
  return std::make_unique<RuntimeConfig>(strategy);
}

nvinfer1::IExecutionContext* EngineFacade::createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IExecutionContext*>(nullptr), [&]() -> Result<nvinfer1::IExecutionContext*> {
    if (!is_strategy(strategy))
      return invalid("createExecutionContext: there is no ExecutionContextAllocationStrategy " +
                     std::to_string(static_cast<int>(strategy)));
    return make_context(*this, strategy);
  });
}

nvinfer1::IExecutionContext* EngineFacade::createExecutionContext(nvinfer1::IRuntimeConfig* config) noexcept {
  return createExecutionContext(config ? config->getExecutionContextAllocationStrategy() : ExecutionContextAllocationStrategy::kSTATIC);
}

nvinfer1::IExecutionContext* EngineFacade::createExecutionContextWithoutDeviceMemory() noexcept {
  return createExecutionContext(ExecutionContextAllocationStrategy::kUSER_MANAGED);
}

nvinfer1::IRuntimeConfig* EngineFacade::createRuntimeConfig() noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IRuntimeConfig*>(nullptr), [] { return new RuntimeConfig; });
}

int64_t EngineFacade::getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept {
  return guarded(reporter_, int64_t{0}, [&]() -> Result<int64_t> {
    TRY_ASSIGN(size_t bytes, activation_bytes(profile));
    return static_cast<int64_t>(bytes);
  });
}

Result<size_t> EngineFacade::activation_bytes(int32_t profile) const {
  const std::shared_ptr<const Engine> now = core();
  {
    std::lock_guard lock(mutex_);
    if (const auto known = activation_bytes_.find(profile); known != activation_bytes_.end()) return known->second;
  }
  TRY_ASSIGN(const size_t bytes, now->activation_bytes(profile));
  std::lock_guard lock(mutex_);
  if (engine_ == now) activation_bytes_[profile] = bytes;
  return bytes;
}

nvinfer1::IHostMemory* EngineFacade::serialize() const noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IHostMemory*>(nullptr), [&]() -> Result<HostMemory*> {
    TRY_ASSIGN(std::vector<std::byte> bytes, write_plan(engine_->plan()));
    return new HostMemory(std::move(bytes));
  });
}

nvinfer1::IHostMemory* EngineFacade::serializeWithConfig(nvinfer1::ISerializationConfig& config) const noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IHostMemory*>(nullptr), [&]() -> Result<HostMemory*> {
    const std::shared_ptr<const Engine> now = core();
    const Plan& plan = now->plan();
    Plan copy;
    copy.network = plan.network->clone();
    copy.choices = plan.choices;
    copy.properties = plan.properties;
    if (config.getFlag(nvinfer1::SerializationFlag::kEXCLUDE_WEIGHTS)) {
      if (plan.property("refittable") != "1")
        return invalid("serializeWithConfig: kEXCLUDE_WEIGHTS leaves out refittable weights, and the engine was built without");
      copy.properties[kStrippedProperty] = join_names(strippable_weights(plan));
    } else if (!config.getFlag(nvinfer1::SerializationFlag::kINCLUDE_REFIT) && plan.property(kStrippedProperty).empty()) {
      copy.properties["refittable"] = "0";
      copy.properties.erase(kWeightsProperty);
    }
    TRY_ASSIGN(std::vector<std::byte> bytes, write_plan(copy));
    return new HostMemory(std::move(bytes));
  });
}

nvinfer1::ISerializationConfig* EngineFacade::createSerializationConfig() noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ISerializationConfig*>(nullptr), [] { return new SerializationConfig; });
}

nvinfer1::ProfilingVerbosity EngineFacade::getProfilingVerbosity() const noexcept {
  return guarded(reporter_, nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY, [&] {
    const std::string word = engine_->plan().property("profiling_verbosity");
    if (word == "detailed") return nvinfer1::ProfilingVerbosity::kDETAILED;
    return word == "none" ? nvinfer1::ProfilingVerbosity::kNONE : nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  });
}

int64_t EngineFacade::getEngineStat(nvinfer1::EngineStat stat) const noexcept {
  return guarded(reporter_, int64_t{-1}, [&] {
    const std::shared_ptr<const Engine> now = core();
    const std::vector<std::string> stripped = split_names(now->plan().property(kStrippedProperty));
    const std::set<std::string> missing(stripped.begin(), stripped.end());
    const bool all = stat != nvinfer1::EngineStat::kSTRIPPED_WEIGHTS_SIZE;
    int64_t bytes = 0;
    for (const auto& tensor : now->network().tensors()) {
      if (tensor->is_constant() && (all || missing.contains(tensor->name)))
        bytes += static_cast<int64_t>(bytes_of(tensor->type.type, volume(constant_shape(tensor->type.dims)).value_or(0)));
    }
    return bytes;
  });
}

int32_t EngineFacade::getNbBindings() const noexcept { return getNbIOTensors() * getNbOptimizationProfiles(); }

int32_t EngineFacade::getBindingIndex(char const* name) const noexcept { return name ? engine_->io_index(name) : -1; }

char const* EngineFacade::getBindingName(int32_t binding) const noexcept { return binding_name(binding); }

bool EngineFacade::bindingIsInput(int32_t binding) const noexcept {
  const int index = io_of_binding(binding);
  return index >= 0 && engine_->io()[static_cast<size_t>(index)].is_input;
}

}  // namespace ingot::api
