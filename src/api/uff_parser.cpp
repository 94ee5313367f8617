#include "api/uff_parser.h"

#include <deque>

#include "api/network.h"
#include "base/mapped_file.h"
#include "import/file_guess.h"
#include "import/tensorflow/import.h"

namespace ingot::api {
namespace {

using nvinfer1::ITensor;
using nvinfer1::PluginField;
using nvinfer1::PluginFieldType;
using nvuffparser::FieldMap;
using nvuffparser::FieldType;

// A node's attributes as plugins take them. The arrays stay where they are while the object lives.
class PluginFields {
 public:
  explicit PluginFields(const TfForeignNode& node) {
    for (const auto& [name, value] : node.attributes) {
      if (const auto* integer = std::get_if<int64_t>(&value))
        add_integers(name, {*integer});
      else if (const auto* flag = std::get_if<bool>(&value))
        add_integers(name, {*flag});
      else if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
        add_integers(name, *list);
      else if (const auto* number = std::get_if<double>(&value))
        add_floats(name, {*number});
      else if (const auto* numbers = std::get_if<std::vector<double>>(&value))
        add_floats(name, *numbers);
      else if (const auto* word = std::get_if<std::string>(&value))
        add(name, word->data(), PluginFieldType::kCHAR, FieldType::kCHAR, word->size());
    }
  }
  const std::vector<PluginField>& fields() const { return fields_; }
  const std::vector<FieldMap>& maps() const { return maps_; }

 private:
  void add(const std::string& name, const void* data, PluginFieldType type, FieldType old_type, size_t length) {
    fields_.emplace_back(name.c_str(), data, type, static_cast<int32_t>(length));
    maps_.emplace_back(name.c_str(), data, old_type, static_cast<int32_t>(length));
  }
  void add_integers(const std::string& name, const std::vector<int64_t>& values) {
    auto& kept = integers_.emplace_back();
    for (int64_t value : values) kept.push_back(nvinfer1::impl::saturate(value));
    add(name, kept.data(), PluginFieldType::kINT32, FieldType::kINT32, kept.size());
  }
  void add_floats(const std::string& name, const std::vector<double>& values) {
    auto& kept = floats_.emplace_back(values.begin(), values.end());
    add(name, kept.data(), PluginFieldType::kFLOAT32, FieldType::kFLOAT, kept.size());
  }

  std::deque<std::vector<int32_t>> integers_;
  std::deque<std::vector<float>> floats_;
  std::vector<PluginField> fields_;
  std::vector<FieldMap> maps_;
};

class ReaderFacade final : public UffReader {
 public:
  bool register_input(const char* name, const int64_t* dims, int32_t rank, nvuffparser::UffInputOrder order) noexcept override {
    return guarded(reporter_, false, [&]() -> bool {
      if (!name || !*name || rank < 0 || rank > WideDims::MAX_DIMS) return false;
      using Order = nvuffparser::UffInputOrder;
      if (order != Order::kNCHW && order != Order::kNHWC && order != Order::kNC) return false;
      const TfInputOrder core = order == Order::kNCHW   ? TfInputOrder::kChannelsFirst
                                : order == Order::kNHWC ? TfInputOrder::kChannelsLast
                                                        : TfInputOrder::kAsInFile;
      return inputs_.insert_or_assign(name, TfInputSpec{Shape(dims, dims + rank), core}).second;
    });
  }
  bool register_output(const char* name) noexcept override {
    return guarded(reporter_, false, [&]() -> bool {
      if (!name || !*name) return false;
      outputs_.emplace_back(name);
      return true;
    });
  }
  bool parse(const char* file, nvinfer1::INetworkDefinition& network, nvinfer1::DataType type) noexcept override {
    return import(network, type, [&](NetworkFacade& facade, TfImportOptions& options) -> Status {
      if (!file) return invalid("IUffParser::parse: the name of the file is null");
      if (is_saved_model(file)) return import_tensorflow_file_into(file, facade.core(), options);
      auto mapped = MappedFile::open(file);
      if (!mapped.ok()) return std::move(mapped).error();
      options.name = file;
      // A frozen TensorFlow graph is taken too: it begins with a node, a UFF file with its version.
      constexpr std::byte kFirstNode{0x0a};
      const Bytes bytes = (*mapped)->bytes();
      if (!bytes.empty() && bytes[0] == kFirstNode) return import_tensorflow_into(bytes, facade.core(), options);
      TRY(check_outputs());
      return import_uff_into(bytes, facade.core(), options);
    });
  }
  bool parse_buffer(const void* bytes, size_t size, nvinfer1::INetworkDefinition& network, nvinfer1::DataType type) noexcept override {
    return import(network, type, [&](NetworkFacade& facade, TfImportOptions& options) -> Status {
      if (!bytes) return invalid("IUffParser::parseBuffer: the buffer is null");
      TRY(check_outputs());
      return import_uff_into(Bytes(static_cast<const std::byte*>(bytes), size), facade.core(), options);
    });
  }
  void set_namespace(const char* name) noexcept override {
    guarded(reporter_, [&] { namespace_ = name ? name : ""; });
  }
  void set_factory(nvuffparser::IPluginFactory* factory) noexcept override { factory_ = factory; }
  void set_factory(nvuffparser::IPluginFactoryExt* factory) noexcept override { factory_ext_ = factory; }
  void set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* recorder() const noexcept override { return reporter_.recorder(); }

 private:
  // A SavedModel marks its outputs itself, and those of a frozen graph are what no node reads; a folder is the former, or nothing that is
  // read.
  static bool is_saved_model(const std::string& path) { return path.ends_with("saved_model.pb") || is_folder(path); }
  Status check_outputs() const {
    if (!outputs_.empty()) return Ok{};
    return invalid("IUffParser: no output is registered; call registerOutput with the name of a node");
  }
  template <class Import>
  bool import(nvinfer1::INetworkDefinition& network, nvinfer1::DataType type, Import&& work) noexcept {
    auto& facade = static_cast<NetworkFacade&>(network);
    // Errors go to the network's logger, and to the parser's recorder where it has one.
    Reporter reporter(facade.reporter());
    if (reporter_.recorder()) reporter.set_recorder(reporter_.recorder());
    return guarded(reporter, false, [&]() -> Status {
      TfImportOptions options;
      options.log = &reporter.log();
      options.batch = facade.implicit_batch() ? Dim::symbol(facade.batch_symbol()) : Dim(1);
      options.inputs = inputs_;
      options.outputs = outputs_;
      options.four_dims = true;
      options.half_weights = type == nvinfer1::DataType::kHALF;
      options.custom = [&](const TfForeignNode& node, Network&) { return make_plugin(facade, node); };
      return work(facade, options);
    });
  }

  // The program's factories first, then the registry; nothing where none of them knows the operator.
  std::optional<Result<std::vector<Tensor*>>> make_plugin(NetworkFacade& network, const TfForeignNode& node) const {
    const PluginFields fields(node);
    std::vector<ITensor*> inputs;
    for (Tensor* input : node.inputs) inputs.push_back(network.facade(input));
    const auto input_count = static_cast<int32_t>(inputs.size());
    std::vector<nvinfer1::Weights> weights;
    for (const Array& constant : node.constants) weights.push_back({to_api(constant.type()), constant.data(), constant.count()});
    const auto weight_count = static_cast<int32_t>(weights.size());
    const nvuffparser::FieldCollection collection{static_cast<int32_t>(fields.maps().size()), fields.maps().data()};
    if (factory_ext_ && factory_ext_->isPluginExt(node.name.c_str())) {
      nvinfer1::IPlugin* plugin = factory_ext_->createPlugin(node.name.c_str(), weights.data(), weight_count, collection);
      return taken(node, plugin ? network.addPluginExt(inputs.data(), input_count, static_cast<nvinfer1::IPluginExt&>(*plugin)) : nullptr);
    }
    if (factory_ && factory_->isPlugin(node.name.c_str())) {
      nvinfer1::IPlugin* plugin = factory_->createPlugin(node.name.c_str(), weights.data(), weight_count, collection);
      return taken(node, plugin ? network.addPlugin(inputs.data(), input_count, *plugin) : nullptr);
    }
    int32_t count = 0;
    nvinfer1::IPluginCreator* const* creators = getPluginRegistry()->getPluginCreatorList(&count);
    for (int32_t i = 0; i < count; ++i) {
      const char *name = creators[i]->getPluginName(), *space = creators[i]->getPluginNamespace();
      if (!name || node.op != name || namespace_ != (space ? space : "")) continue;
      const nvinfer1::PluginFieldCollection given{static_cast<int32_t>(fields.fields().size()), fields.fields().data()};
      nvinfer1::IPluginV2* plugin = creators[i]->createPlugin(node.name.c_str(), &given);
      nvinfer1::ILayer* layer = plugin ? network.addPluginV2(inputs.data(), input_count, *plugin) : nullptr;
      if (plugin) plugin->destroy();  // the network has a copy
      return taken(node, layer);
    }
    return std::nullopt;
  }
  static Result<std::vector<Tensor*>> taken(const TfForeignNode& node, nvinfer1::ILayer* layer) {
    if (!layer) return invalid("its plugin could not be made, or the network did not take it");
    layer->setName(node.name.c_str());
    std::vector<Tensor*> outputs;
    for (int32_t i = 0; i < layer->getNbOutputs(); ++i) outputs.push_back(&core_tensor(*layer->getOutput(i)));
    return outputs;
  }

  Reporter reporter_{nullptr};  // holds the recorder; errors of a call also go to its network's logger
  std::map<std::string, TfInputSpec, std::less<>> inputs_;
  std::vector<std::string> outputs_;
  nvuffparser::IPluginFactory* factory_ = nullptr;
  nvuffparser::IPluginFactoryExt* factory_ext_ = nullptr;
  std::string namespace_;
};

}  // namespace
}  // namespace ingot::api

extern "C" ingot::api::UffReader* ingotMakeUffReader() noexcept {
  using namespace ingot::api;
  Reporter reporter(nullptr);
  return guarded(reporter, static_cast<UffReader*>(nullptr), []() -> UffReader* { return new ReaderFacade; });
}
