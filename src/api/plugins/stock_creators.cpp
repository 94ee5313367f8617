#include "api/plugins/stock_creators.h"

#include <cstring>
#include <memory>
#include <mutex>

#include "api/plugins/stock.h"
#include "api/reporter.h"
#include "base/byte_reader.h"
#include "base/float_types.h"

namespace ingot::api {
namespace {

using nvinfer1::PluginField;
using nvinfer1::PluginFieldCollection;
using nvinfer1::PluginFieldType;

template <class T>
std::vector<double> numbers_at(const void* data, int64_t count) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, static_cast<const char*>(data) + static_cast<size_t>(i) * sizeof(T), sizeof value);
    values.push_back(static_cast<double>(value));
  }
  return values;
}

// Programs of all years say 0 or leave out the length of a single value.
Result<std::vector<double>> numbers_of(const PluginField& field) {
  if (!field.data) return std::vector<double>();
  const int64_t count = field.length < 1 ? 1 : field.length;
  switch (field.type) {
    case PluginFieldType::kFLOAT32: return numbers_at<float>(field.data, count);
    case PluginFieldType::kFLOAT16: {
      std::vector<double> values = numbers_at<uint16_t>(field.data, count);
      for (double& value : values) value = static_cast<double>(float_from_half(static_cast<uint16_t>(value)));
      return values;
    }
    case PluginFieldType::kFLOAT64: return numbers_at<double>(field.data, count);
    case PluginFieldType::kINT8:
    case PluginFieldType::kCHAR: return numbers_at<int8_t>(field.data, count);
    case PluginFieldType::kINT16: return numbers_at<int16_t>(field.data, count);
    case PluginFieldType::kINT32: return numbers_at<int32_t>(field.data, count);
    case PluginFieldType::kINT64: return numbers_at<int64_t>(field.data, count);
    default: return unsupported("fields of type " + std::to_string(static_cast<int>(field.type)) + " hold no numbers");
  }
}

Result<StockFields> read_fields(const StockKind& kind, const PluginFieldCollection* given) {
  StockFields fields;
  for (int32_t i = 0; given && given->fields && i < given->nbFields; ++i) {
    const PluginField& field = given->fields[i];
    const std::string name = field.name ? field.name : "";
    for (const StockField& known : kind.fields) {
      if (known.name != name) continue;
      auto values = numbers_of(field);
      if (!values.ok()) return std::move(values).error().within("plugin '" + kind.name + "', field '" + name + "'");
      if (!values->empty()) fields.values[name] = std::move(values).value();
    }
  }
  return fields;
}

// What StockPlugin::serialize wrote.
Result<StockFields> parse_fields(const StockKind& kind, Bytes bytes) {
  StockFields fields;
  ByteReader reader(bytes);
  TRY_ASSIGN(const uint32_t count, reader.read<uint32_t>());
  for (uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const uint32_t length, reader.read<uint32_t>());
    TRY_ASSIGN(const uint32_t numbers, reader.read<uint32_t>());
    TRY_ASSIGN(const Bytes name, reader.take(length));
    TRY_ASSIGN(const Bytes values, reader.take(uint64_t{numbers} * sizeof(double)));
    fields.values[std::string(reinterpret_cast<const char*>(name.data()), name.size())] = numbers_at<double>(values.data(), numbers);
  }
  if (reader.remaining() > 0) return invalid("plugin '" + kind.name + "': " + std::to_string(reader.remaining()) + " bytes are left over");
  return fields;
}

template <class Make>
nvinfer1::IPluginV2* made_by(Make&& make) noexcept {
  Reporter reporter(::getLogger());
  return guarded(reporter, static_cast<nvinfer1::IPluginV2*>(nullptr), std::forward<Make>(make));
}

nvinfer1::IPluginV2* make(const StockKind& kind, const PluginFieldCollection* given) noexcept {
  return made_by([&]() -> Result<nvinfer1::IPluginV2*> {
    TRY_ASSIGN(StockFields fields, read_fields(kind, given));
    return make_stock_plugin(kind, std::move(fields));
  });
}

nvinfer1::IPluginV2* load(const StockKind& kind, const void* data, size_t length) noexcept {
  return made_by([&]() -> Result<nvinfer1::IPluginV2*> {
    if (!data) return invalid("plugin '" + kind.name + "' is to be made from no data");
    TRY_ASSIGN(StockFields fields, parse_fields(kind, Bytes(static_cast<const std::byte*>(data), length)));
    return make_stock_plugin(kind, std::move(fields));
  });
}

class StockCreator final : public nvinfer1::IPluginCreator {
 public:
  explicit StockCreator(const StockKind& kind) : kind_(kind) {
    for (const StockField& field : kind.fields) fields_.emplace_back(field.name.c_str(), nullptr, field.type, 1);
    collection_ = {static_cast<int32_t>(fields_.size()), fields_.data()};
  }
  nvinfer1::AsciiChar const* getPluginName() const noexcept override { return kind_.name.c_str(); }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return kind_.version.c_str(); }
  PluginFieldCollection const* getFieldNames() noexcept override { return &collection_; }
  nvinfer1::IPluginV2* createPlugin(nvinfer1::AsciiChar const*, PluginFieldCollection const* given) noexcept override {
    return in_space(make(kind_, given));
  }
  nvinfer1::IPluginV2* deserializePlugin(nvinfer1::AsciiChar const*, void const* data, std::size_t length) noexcept override {
    return in_space(load(kind_, data, length));
  }
  void setPluginNamespace(nvinfer1::AsciiChar const* space) noexcept override {
    Reporter reporter(::getLogger());
    guarded(reporter, [&] { space_ = space ? space : ""; });
  }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return space_.c_str(); }

 private:
  nvinfer1::IPluginV2* in_space(nvinfer1::IPluginV2* plugin) const noexcept {
    if (plugin) plugin->setPluginNamespace(space_.c_str());
    return plugin;
  }
  const StockKind& kind_;
  std::vector<PluginField> fields_;
  PluginFieldCollection collection_{0, nullptr};
  std::string space_;
};

class StockCreatorV3 final : public nvinfer1::IPluginCreatorV3One {
 public:
  StockCreatorV3(const StockKind& kind, const char* space) : kind_(kind), space_(space) {
    for (const StockField& field : kind.fields) fields_.emplace_back(field.name.c_str(), nullptr, field.type, 1);
    collection_ = {static_cast<int32_t>(fields_.size()), fields_.data()};
  }
  // The state that a plan keeps are all fields, so both phases read the same.
  nvinfer1::IPluginV3* createPlugin(nvinfer1::AsciiChar const*, PluginFieldCollection const* given,
                                    nvinfer1::TensorRTPhase) noexcept override {
    Reporter reporter(::getLogger());
    return guarded(reporter, static_cast<nvinfer1::IPluginV3*>(nullptr), [&]() -> Result<nvinfer1::IPluginV3*> {
      TRY_ASSIGN(StockFields fields, read_fields(kind_, given));
      return make_stock_plugin_v3(kind_, std::move(fields), space_);
    });
  }
  PluginFieldCollection const* getFieldNames() noexcept override { return &collection_; }
  nvinfer1::AsciiChar const* getPluginName() const noexcept override { return kind_.name.c_str(); }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return kind_.version.c_str(); }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return space_.c_str(); }

 private:
  const StockKind& kind_;
  std::vector<PluginField> fields_;
  PluginFieldCollection collection_{0, nullptr};
  std::string space_;
};

}  // namespace
}  // namespace ingot::api

extern "C" bool ingotRegisterPlugins(void* logger, char const* given) noexcept {
  using namespace ingot::api;
  Reporter reporter(logger ? static_cast<nvinfer1::ILogger*>(logger) : ::getLogger());
  return guarded(reporter, false, [&]() -> bool {
    // Never destroyed: a registry holds their addresses to the end of the process.
    static auto* creators = new std::vector<std::unique_ptr<StockCreator>>;
    static auto* creators_v3 = new std::vector<std::unique_ptr<StockCreatorV3>>;
    static auto* mutex = new std::mutex;
    const char* space = given ? given : "";
    std::lock_guard lock(*mutex);
    bool all = true;
    for (const StockKind& kind : stock_kinds()) {
      if (::getPluginRegistry()->getCreator(kind.name.c_str(), kind.version.c_str(), space)) continue;
      if (kind.is_v3) {
        creators_v3->push_back(std::make_unique<StockCreatorV3>(kind, space));
        all &= ::getPluginRegistry()->registerCreator(static_cast<nvinfer1::IPluginCreatorInterface&>(*creators_v3->back()), space);
        continue;
      }
      creators->push_back(std::make_unique<StockCreator>(kind));
      all &= ::getPluginRegistry()->registerCreator(static_cast<nvinfer1::IPluginCreatorInterface&>(*creators->back()), space);
    }
    return all;
  });
}

extern "C" nvinfer1::IPluginV2* ingotMakePlugin(char const* name, nvinfer1::PluginFieldCollection const* fields) noexcept {
  using namespace ingot::api;
  const StockKind* kind = name ? find_stock_kind(name, "1") : nullptr;
  return kind ? make(*kind, fields) : nullptr;
}

extern "C" nvinfer1::IPluginV2* ingotLoadPlugin(char const* name, void const* data, std::size_t length) noexcept {
  using namespace ingot::api;
  const StockKind* kind = name ? find_stock_kind(name, "1") : nullptr;
  return kind ? load(*kind, data, length) : nullptr;
}
