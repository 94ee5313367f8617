// IRefitter over the constants of an engine's plan.
#include <map>
#include <set>

#include "api/engine.h"
#include "api/weights_table.h"
#include "build/refit.h"

namespace ingot::api {

using nvinfer1::TensorLocation;
using nvinfer1::Weights;
using nvinfer1::WeightsRole;

namespace {

constexpr Weights kNoWeights{nvinfer1::DataType::kFLOAT, nullptr, 0};

class RefitterFacade final : public nvinfer1::IRefitter {
 public:
  RefitterFacade(EngineFacade& engine, nvinfer1::ILogger* logger) : engine_(engine), reporter_(logger) {
    // Constants that building folded into others are none to refit.
    for (WeightsEntry& entry : read_weights_table(engine.core()->plan().property(kWeightsProperty))) {
      if (!constant(entry)) entry.constant = reshaped(entry.constant);
      if (constant(entry)) entries_.push_back(std::move(entry));
    }
  }

  bool setNamedWeights(char const* name, Weights weights) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      const WeightsEntry* entry = by_name(name);
      if (!entry) return invalid("setNamedWeights: the engine has no refittable weights '" + std::string(name ? name : "") + "'");
      return take(*entry, weights, "weights '" + entry->name + "'");
    });
  }
  bool setNamedWeights(char const* name, Weights weights, TensorLocation location) noexcept override {
    if (!setNamedWeights(name, weights)) return false;
    set_.at(by_name(name)->constant).location = location;
    return true;
  }
  Weights getNamedWeights(char const* name) const noexcept override {
    const WeightsEntry* entry = by_name(name);
    const auto found = entry ? set_.find(entry->constant) : set_.end();
    return found == set_.end() ? kNoWeights : found->second.weights;
  }
  TensorLocation getWeightsLocation(char const* name) const noexcept override {
    const WeightsEntry* entry = by_name(name);
    const auto found = entry ? set_.find(entry->constant) : set_.end();
    return found == set_.end() ? TensorLocation::kHOST : found->second.location;
  }
  bool unsetNamedWeights(char const* name) noexcept override {
    return guarded(reporter_, false, [&]() -> bool {
      const WeightsEntry* entry = by_name(name);
      return entry && set_.erase(entry->constant) > 0;
    });
  }
  Weights getWeightsPrototype(char const* name) const noexcept override {
    const WeightsEntry* entry = by_name(name);
    if (!entry) return kNoWeights;
    const Tensor* tensor = constant(*entry);
    return {to_api(tensor->type.type), nullptr, tensor->constant.count()};
  }
  int32_t getAllWeights(int32_t size, char const** names) noexcept override {
    int32_t count = 0;
    for (const WeightsEntry& entry : entries_) {
      if (entry.name.empty()) continue;
      if (names && count < size) names[count] = entry.name.c_str();
      ++count;
    }
    return count;
  }
  // Every constant can change by itself, so only what a plan was written without is missing.
  int32_t getMissingWeights(int32_t size, char const** names) noexcept override {
    return guarded(reporter_, int32_t{0}, [&] {
      int32_t count = 0;
      const std::set<std::string> missing = missing_constants();
      for (const WeightsEntry& entry : entries_) {
        if (entry.name.empty() || !missing.contains(entry.constant)) continue;
        if (names && count < size) names[count] = entry.name.c_str();
        ++count;
      }
      return count;
    });
  }

  bool setWeights(char const* layer, WeightsRole role, Weights weights) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      const std::string name = layer ? layer : "";
      if (role == WeightsRole::kANY && by_name(layer)) return take(*by_name(layer), weights, "weights '" + name + "'");
      for (const WeightsEntry& entry : entries_) {
        if (entry.layer == name && entry.role == role) return take(entry, weights, "layer '" + name + "'");
      }
      return invalid("setWeights: the engine has no refittable weights of that role in a layer '" + name + "'");
    });
  }
  int32_t getAll(int32_t size, char const** layers, WeightsRole* roles) noexcept override {
    int32_t count = 0;
    for (const WeightsEntry& entry : entries_) {
      if (entry.layer.empty()) continue;
      if (count < size && layers) layers[count] = entry.layer.c_str();
      if (count < size && roles) roles[count] = entry.role;
      ++count;
    }
    return count;
  }
  int32_t getMissing(int32_t size, char const** layers, WeightsRole* roles) noexcept override {
    return guarded(reporter_, int32_t{0}, [&] {
      int32_t count = 0;
      const std::set<std::string> missing = missing_constants();
      for (const WeightsEntry& entry : entries_) {
        if (entry.layer.empty() || !missing.contains(entry.constant)) continue;
        if (count < size && layers) layers[count] = entry.layer.c_str();
        if (count < size && roles) roles[count] = entry.role;
        ++count;
      }
      return count;
    });
  }

  bool refitCudaEngine() noexcept override {
    return guarded(reporter_, false, [&] { return refit(Stream{}); });
  }
  // Weights on the device may come from what is queued on the stream; they are there once it is done. The new engine is ready on return.
  bool refitCudaEngineAsync(cudaStream_t stream) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY(engine_.core()->device().synchronize(Stream{stream}));
      return refit(Stream{stream});
    });
  }
  void setWeightsValidation(bool validation) noexcept override { validation_ = validation; }
  bool getWeightsValidation() const noexcept override { return validation_; }
  bool setMaxThreads(int32_t threads) noexcept override {
    if (threads < 1) return false;
    threads_ = threads;
    return true;
  }
  int32_t getMaxThreads() const noexcept override { return threads_; }
  nvinfer1::ILogger* getLogger() const noexcept override { return reporter_.logger(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  bool setDynamicRange(char const* name, float, float) noexcept override {
    reporter_.report(
        unsupported("setDynamicRange: the range of '" + std::string(name ? name : "") + "' went into the engine's layers; build it again"));
    return false;
  }
  float getDynamicRangeMin(char const*) const noexcept override { return __builtin_nanf(""); }
  float getDynamicRangeMax(char const*) const noexcept override { return __builtin_nanf(""); }
  int32_t getTensorsWithDynamicRange(int32_t, char const**) const noexcept override { return 0; }

 private:
  struct Given {
    Weights weights;
    TensorLocation location = TensorLocation::kHOST;
  };

  // What the plan lacks and the program has not set.
  std::set<std::string> missing_constants() const {
    std::set<std::string> missing;
    for (std::string& name : engine_.missing_weights()) {
      if (!set_.contains(name)) missing.insert(std::move(name));
    }
    return missing;
  }

  Status refit(Stream stream) {
    if (const std::set<std::string> missing = missing_constants(); !missing.empty())
      return invalid("refitCudaEngine: " + std::to_string(missing.size()) +
                     " weights that the plan was written without are not set; getMissingWeights names them ('" + *missing.begin() +
                     "' is one)");
    const std::shared_ptr<const Engine> now = engine_.core();
    std::map<std::string, Array> weights;
    for (const auto& [name, given] : set_) {
      const TensorType& wanted = now->network().find_tensor(name)->type;
      const Shape shape = constant_shape(wanted.dims);
      if (given.location == TensorLocation::kDEVICE && now->device().is_asynchronous()) {
        TRY_ASSIGN(DataType type, to_core(given.weights.type));
        if (type != wanted.type)
          return invalid("weights '" + name + "' in device memory are " + std::string(name_of(type)) + "; " +
                         std::string(name_of(wanted.type)) + " are wanted there");
        TRY_ASSIGN(weights[name], Array::make(type, shape));
        TRY(now->device().copy(weights[name].mutable_data(), given.weights.values, weights[name].byte_count(), stream));
        continue;
      }
      TRY_ASSIGN(Array borrowed, to_array(given.weights, shape));
      if (borrowed.type() != wanted.type) {
        TRY_ASSIGN(weights[name], borrowed.converted(wanted.type));
        continue;
      }
      borrowed.mutable_data();  // the program may free its own once this returns
      weights[name] = std::move(borrowed);
    }
    TRY(engine_.refit(weights));
    set_.clear();
    return Ok{};
  }

  // The one constant that is `name` in another shape, where building left nothing else of it; its bytes are the same.
  std::string reshaped(const std::string& name) const {
    const std::string recipe = "reshape(\"" + name + "\")";
    std::string found;
    for (const auto& tensor : engine_.core()->network().tensors()) {
      if (!tensor->recipe.starts_with(recipe)) continue;
      if (!found.empty()) return {};
      found = tensor->name;
    }
    return found;
  }
  const Tensor* constant(const WeightsEntry& entry) const {
    const Tensor* tensor = engine_.core()->network().find_tensor(entry.constant);
    return tensor && tensor->is_constant() && !tensor->is_packed && tensor->constant.data() ? tensor : nullptr;
  }
  const WeightsEntry* by_name(char const* name) const {
    for (const WeightsEntry& entry : entries_) {
      if (name && !entry.name.empty() && entry.name == name) return &entry;
    }
    return nullptr;
  }
  Status take(const WeightsEntry& entry, const Weights& weights, const std::string& where) {
    const Tensor* tensor = constant(entry);
    TRY_ASSIGN(DataType type, to_core(weights.type));
    // The network may have converted what it was given, so floating types are converted here too.
    const bool converts = is_floating(type) && is_floating(tensor->type.type);
    if ((type != tensor->type.type && !converts) || weights.count != tensor->constant.count() || !weights.values)
      return invalid(where + ": " + std::to_string(tensor->constant.count()) + " values of " + std::string(name_of(tensor->type.type)) +
                     " are wanted; got " + std::to_string(weights.count) + " of " + std::string(name_of(type)));
    set_[entry.constant] = {weights, TensorLocation::kHOST};
    return Ok{};
  }

  EngineFacade& engine_;
  mutable Reporter reporter_;
  std::vector<WeightsEntry> entries_;
  std::map<std::string, Given> set_;  // by the constant's name
  bool validation_ = true;
  int32_t threads_ = 1;
};

}  // namespace
}  // namespace ingot::api

extern "C" TENSORRTAPI void* createInferRefitter_INTERNAL(void* engine, void* logger, int32_t) noexcept {
  using namespace ingot::api;
  Reporter reporter(static_cast<nvinfer1::ILogger*>(logger));
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> ingot::Result<void*> {
    if (!engine || !logger) return ingot::invalid("createInferRefitter: the engine or the logger is null");
    auto& facade = static_cast<EngineFacade&>(*static_cast<nvinfer1::ICudaEngine*>(engine));
    if (!facade.isRefittable())
      return ingot::invalid("createInferRefitter: the engine is not refittable; build it with BuilderFlag::kREFIT");
    nvinfer1::IRefitter* refitter = new RefitterFacade(facade, static_cast<nvinfer1::ILogger*>(logger));
    return static_cast<void*>(refitter);
  });
}
