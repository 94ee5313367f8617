#include "api/onnx_parser.h"

#include <map>
#include <utility>

#include "NvOnnxParser.h"
#include "api/adapters/plugin_onnx.h"
#include "api/network.h"
#include "api/onnx_parser_error.h"
#include "import/onnx/import.h"

namespace ingot::api {

using nvonnxparser::IParserError;
using nvonnxparser::OnnxParserFlag;
using nvonnxparser::OnnxParserFlags;

namespace {

class ParserFacade final : public nvonnxparser::IParser {
 public:
  ParserFacade(nvinfer1::INetworkDefinition* network, nvinfer1::ILogger* logger)
      : network_(static_cast<NetworkFacade&>(*network)), reporter_(logger) {
    reporter_.set_recorder(network->getErrorRecorder());
  }

  bool parseFromFile(char const* file, int /*verbosity*/) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!file) return invalid("the name of the model is null");
      OnnxImportOptions options = options_for_parse();
      return finish(import_onnx_file_into(file, network_.core(), options));
    });
  }
  bool parse(void const* model, std::size_t size, char const* path) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!model) return invalid("the model is null");
      OnnxImportOptions options = options_for_parse();
      return finish(import_onnx_into(Bytes(static_cast<const std::byte*>(model), size), directory_of(path), network_.core(), options));
    });
  }
  bool parse(void const* model, std::size_t size) override { return parse(model, size, nullptr); }
  bool loadModelProto(void const* model, std::size_t size, char const* path) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!model) return invalid("the model is null");
      const auto* bytes = static_cast<const std::byte*>(model);
      loaded_.assign(bytes, bytes + size);
      loaded_directory_ = directory_of(path);
      loaded_weights_.clear();
      return Ok{};
    });
  }
  bool loadInitializer(char const* name, void const* data, std::size_t size) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (loaded_.empty()) return invalid("loadInitializer: no model is loaded; call loadModelProto first");
      if (!name || (!data && size > 0)) return invalid("loadInitializer: the name or the data is null");
      const auto* bytes = static_cast<const std::byte*>(data);
      loaded_weights_[name] = std::make_shared<const std::vector<std::byte>>(bytes, bytes + size);
      return Ok{};
    });
  }
  bool parseModelProto() override {
    return guarded(reporter_, false, [&]() -> Status {
      if (loaded_.empty()) return invalid("parseModelProto: no model is loaded; call loadModelProto first");
      OnnxImportOptions options = options_for_parse();
      options.initializers = std::exchange(loaded_weights_, {});
      return finish(import_onnx_into(Bytes(loaded_), loaded_directory_, network_.core(), options));
    });
  }

  int getNbErrors() const override { return static_cast<int>(errors_.size()); }
  IParserError const* getError(int index) const override {
    return index >= 0 && index < getNbErrors() ? errors_[static_cast<size_t>(index)].get() : nullptr;
  }
  void clearErrors() override { errors_.clear(); }

  bool supportsOperator(char const* name) const override { return name && OperatorCatalogue::instance().onnx(name) != nullptr; }
  bool supportsModelV2(void const* model, std::size_t size, char const* path) override {
    return guarded(reporter_, false, [&]() -> bool {
      if (!model) return false;
      OnnxImportOptions options;
      add_plugins(options);
      support_ = query_onnx_support(Bytes(static_cast<const std::byte*>(model), size), directory_of(path), options);
      take(support_.errors);
      nodes_.clear();
      for (const OnnxSubgraph& subgraph : support_.subgraphs) nodes_.push_back(subgraph.nodes);
      return support_.supported;
    });
  }
  int64_t getNbSubgraphs() override { return static_cast<int64_t>(support_.subgraphs.size()); }
  bool isSubgraphSupported(int64_t const index) override {
    return index >= 0 && index < getNbSubgraphs() && support_.subgraphs[static_cast<size_t>(index)].supported;
  }
  int64_t* getSubgraphNodes(int64_t const index, int64_t& length) override {
    length = 0;
    if (index < 0 || index >= getNbSubgraphs()) return nullptr;
    length = static_cast<int64_t>(nodes_[static_cast<size_t>(index)].size());
    return nodes_[static_cast<size_t>(index)].data();
  }
  bool supportsModel(void const* model, std::size_t size, SubGraphCollection_t& subgraphs, char const* path) override {
    const bool supported = supportsModelV2(model, size, path);
    subgraphs.clear();
    for (const OnnxSubgraph& subgraph : support_.subgraphs)
      subgraphs.emplace_back(std::vector<std::size_t>(subgraph.nodes.begin(), subgraph.nodes.end()), subgraph.supported);
    return supported;
  }
  bool supportsModel(void const* model, std::size_t size, SubGraphCollection_t& subgraphs) override {
    return supportsModel(model, size, subgraphs, nullptr);
  }
  bool supportsModel(void const* model, std::size_t size) override { return supportsModelV2(model, size, nullptr); }

  void setFlags(OnnxParserFlags flags) override {
    if (flags >> nvonnxparser::EnumMax<OnnxParserFlag>() != 0)
      return reporter_.report(invalid("setFlags: " + std::to_string(flags) + " has bits of no OnnxParserFlag"));
    flags_ = flags;
  }
  OnnxParserFlags getFlags() const override { return flags_; }
  void setFlag(OnnxParserFlag flag) override {
    if (knows(flag)) flags_ |= 1u << static_cast<int>(flag);
  }
  void clearFlag(OnnxParserFlag flag) override {
    if (knows(flag)) flags_ &= ~(1u << static_cast<int>(flag));
  }
  bool getFlag(OnnxParserFlag flag) const override {
    return static_cast<int>(flag) >= 0 && static_cast<int>(flag) < 32 && (flags_ >> static_cast<int>(flag) & 1u);
  }
  bool setBuilderConfig(nvinfer1::IBuilderConfig const* const config) override { return config != nullptr; }
  nvinfer1::ITensor const* getLayerOutputTensor(char const* name, int64_t index) override {
    if (!name || index < 0) return nullptr;
    for (const auto& layer : network_.core().layers()) {
      if (layer->name == name) return network_.facade(layer->output(static_cast<size_t>(index)));
    }
    return nullptr;
  }
  bool parseWithWeightDescriptors(void const* model, std::size_t size) override { return parse(model, size, nullptr); }

 private:
  bool knows(OnnxParserFlag flag) noexcept {
    const auto word = static_cast<int>(flag);
    if (word >= 0 && word < nvonnxparser::EnumMax<OnnxParserFlag>()) return true;
    reporter_.report(invalid("there is no OnnxParserFlag " + std::to_string(word)));
    return false;
  }
  OnnxImportOptions options_for_parse() {
    found_.clear();
    OnnxImportOptions options;
    options.log = &reporter_.log();
    options.errors = &found_;
    if (network_.implicit_batch()) options.batch = Dim::symbol(network_.batch_symbol());
    add_plugins(options);
    return options;
  }
  // Nodes that no operator is known for may be plugins; with kENABLE_PLUGIN_OVERRIDE, all nodes may be.
  void add_plugins(OnnxImportOptions& options) {
    using Flag = nvinfer1::NetworkDefinitionCreationFlag;
    using Request = nvinfer1::QuickPluginCreationRequest;
    const Request request = network_.getFlag(Flag::kPREFER_JIT_PYTHON_PLUGINS)   ? Request::kPREFER_JIT
                            : network_.getFlag(Flag::kPREFER_AOT_PYTHON_PLUGINS) ? Request::kPREFER_AOT
                                                                                 : Request::kUNKNOWN;
    options.custom = import_plugins(network_.getBuilder().getPluginRegistry(), request);
    options.custom_first = getFlag(OnnxParserFlag::kENABLE_PLUGIN_OVERRIDE);
  }
  void take(const ImportErrors& errors) {
    for (const ImportError& error : errors) errors_.push_back(std::make_unique<ParserErrorFacade>(error));
  }
  Status finish(Status status) {
    take(found_);
    if (!status.ok() && found_.empty()) {
      ImportError error;
      error.message = status.error().message;
      take({error});
    }
    return status;
  }

  NetworkFacade& network_;
  Reporter reporter_;
  OnnxParserFlags flags_ = 1;
  ImportErrors found_;
  std::vector<std::unique_ptr<ParserErrorFacade>> errors_;
  OnnxSupport support_;
  std::vector<std::vector<int64_t>> nodes_;
  std::vector<std::byte> loaded_;
  std::string loaded_directory_;
  std::map<std::string, std::shared_ptr<const std::vector<std::byte>>, std::less<>> loaded_weights_;
};

}  // namespace
}  // namespace ingot::api

extern "C" void* ingotMakeOnnxParser(void* network, void* logger) noexcept {
  using namespace ingot::api;
  Reporter reporter(static_cast<nvinfer1::ILogger*>(logger));
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> ingot::Result<void*> {
    if (!network || !logger) return ingot::invalid("createParser: the network or the logger is null");
    nvonnxparser::IParser* parser =
        new ParserFacade(static_cast<nvinfer1::INetworkDefinition*>(network), static_cast<nvinfer1::ILogger*>(logger));
    return static_cast<void*>(parser);
  });
}
