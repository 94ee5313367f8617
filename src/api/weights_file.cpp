// The weight readers for programs: ingot/weights.h.
#include <cmath>
#include <mutex>

#include "api/convert.h"
#include "api/reporter.h"
#include "import/weights/weights.h"
#include "ingot/weights.h"

namespace ingot::api {
namespace {

using nvinfer1::Weights;

constexpr Weights kNoWeights{nvinfer1::DataType::kFLOAT, nullptr, 0};

// The type that stands for one that the API does not have.
DataType offered(DataType type) {
  switch (type) {
    case DataType::kDouble: return DataType::kFloat;
    case DataType::kInt16:
    case DataType::kUint16: return DataType::kInt32;
    case DataType::kUint32:
    case DataType::kUint64: return DataType::kInt64;
    default: return type;
  }
}

Status check_fits(const Array& array, DataType type) {
  if (is_floating(type) && type != DataType::kHalf) return Ok{};
  for (int64_t i = 0; i < array.count(); ++i) {
    const double value = array.number(i);
    if (type == DataType::kHalf ? !(std::fabs(value) < 65520) : value != std::floor(value))
      return invalid("element " + std::to_string(i) + " is " + std::to_string(value) + ", which " + std::string(name_of(type)) +
                     " does not hold");
  }
  return Ok{};
}

class WeightsFileFacade final : public IWeightsFile {
 public:
  WeightsFileFacade(WeightMap weights, nvinfer1::ILogger* logger) : weights_(std::move(weights)), reporter_(logger) {
    for (const auto& [name, array] : weights_) names_.push_back(&name);
  }

  int32_t getNbWeights() const noexcept override { return static_cast<int32_t>(names_.size()); }
  char const* getName(int32_t index) const noexcept override {
    return index >= 0 && index < getNbWeights() ? names_[static_cast<size_t>(index)]->c_str() : nullptr;
  }
  bool hasWeights(char const* name) const noexcept override { return find(name) != nullptr; }
  int32_t getNbDims(char const* name) const noexcept override {
    const Array* array = find(name);
    return array ? static_cast<int32_t>(array->rank()) : -1;
  }
  int64_t const* getDims(char const* name) const noexcept override {
    const Array* array = find(name);
    return array ? array->shape().data() : nullptr;
  }
  nvinfer1::DataType getType(char const* name) const noexcept override {
    const Array* array = find(name);
    return array ? to_api(offered(array->type())) : nvinfer1::DataType::kFLOAT;
  }
  Weights getWeights(char const* name) const noexcept override {
    return guarded(reporter_, kNoWeights, [&]() -> Result<Weights> {
      TRY_ASSIGN(const Array* array, known(name));
      return converted(name, *array, offered(array->type()));
    });
  }
  Weights getWeights(char const* name, nvinfer1::DataType type) const noexcept override {
    return guarded(reporter_, kNoWeights, [&]() -> Result<Weights> {
      TRY_ASSIGN(const Array* array, known(name));
      TRY_ASSIGN(DataType wanted, to_core(type));
      return converted(name, *array, wanted);
    });
  }

 private:
  const Array* find(char const* name) const noexcept {
    if (!name) return nullptr;
    const auto found = weights_.find(std::string_view(name));
    return found == weights_.end() ? nullptr : &found->second;
  }
  Result<const Array*> known(char const* name) const {
    if (const Array* array = find(name)) return array;
    return invalid("getWeights: the file has no weights '" + std::string(name ? name : "") + "'");
  }
  // What is converted once is kept, since its address has been told.
  Result<Weights> converted(const std::string& name, const Array& array, DataType type) const {
    if (array.type() == type) return Weights{to_api(type), array.data(), array.count()};
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto key = std::make_pair(name, type);
    auto kept = converted_.find(key);
    if (kept == converted_.end()) {
      TRY(check_fits(array, type).within("getWeights: '" + name + "'"));
      auto made = array.converted(type);
      if (!made.ok()) return std::move(made).error().within("getWeights: '" + name + "'");
      kept = converted_.emplace(key, std::move(*made)).first;
    }
    return Weights{to_api(type), kept->second.data(), kept->second.count()};
  }

  WeightMap weights_;
  std::vector<const std::string*> names_;
  mutable Reporter reporter_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::string, DataType>, Array> converted_;
};

}  // namespace
}  // namespace ingot::api

extern "C" TENSORRTAPI void* createIngotWeightsFile_INTERNAL(char const* path, void const* data, std::size_t size, void* logger,
                                                             int32_t) noexcept {
  using namespace ingot::api;
  Reporter reporter(static_cast<nvinfer1::ILogger*>(logger));
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> ingot::Result<void*> {
    if (!logger) return ingot::invalid("openWeightsFile: the logger is null");
    if (!path && (!data || size == 0)) return ingot::invalid("openWeightsFile: neither a path nor bytes are given");
    auto weights = path ? ingot::load_weights_file(path) : ingot::load_weights({static_cast<const std::byte*>(data), size}, nullptr);
    if (!weights.ok()) return std::move(weights).error();
    ingot::IWeightsFile* file = new WeightsFileFacade(std::move(*weights), static_cast<nvinfer1::ILogger*>(logger));
    return static_cast<void*>(file);
  });
}
