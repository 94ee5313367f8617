#include "api/caffe_parser.h"

#include "api/network.h"
#include "base/mapped_file.h"
#include "import/caffe/import.h"

namespace ingot::api {
namespace {

using nvinfer1::ITensor;

class BlobTable final : public nvcaffeparser1::IBlobNameToTensor {
 public:
  ITensor* find(char const* name) const override {
    if (!name) return nullptr;
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : found->second;
  }
  std::map<std::string, ITensor*, std::less<>> tensors;
};

// Reports to the logger of the network that it fills and to the parser's recorder. Until it has seen a network there is no logger that is
// sure to be alive.
class ReaderFacade final : public CaffeReader {
 public:
  const nvcaffeparser1::IBlobNameToTensor* parse(const char* deploy, const char* model, nvinfer1::INetworkDefinition& network,
                                                 nvinfer1::DataType type) noexcept override {
    return import(network, type, [&](NetworkFacade& facade, const CaffeImportOptions& options) -> Result<CaffeBlobs> {
      if (!deploy) return invalid("ICaffeParser::parse: the name of the definition is null");
      return import_caffe_files_into(deploy, model ? model : "", facade.core(), options);
    });
  }
  const nvcaffeparser1::IBlobNameToTensor* parse_buffers(const void* deploy, size_t deploy_size, const void* model, size_t model_size,
                                                         nvinfer1::INetworkDefinition& network, nvinfer1::DataType type) noexcept override {
    return import(network, type, [&](NetworkFacade& facade, const CaffeImportOptions& options) -> Result<CaffeBlobs> {
      if (!deploy) return invalid("ICaffeParser::parseBuffers: the definition is null");
      const Bytes weights(static_cast<const std::byte*>(model), model ? model_size : 0);
      return import_caffe_into(Bytes(static_cast<const std::byte*>(deploy), deploy_size), model ? &weights : nullptr, facade.core(),
                               options);
    });
  }
  bool read_blob(const char* file, CaffeBlobContent* content) noexcept override {
    Reporter reporter(logger_);
    reporter.set_recorder(reporter_.recorder());
    return guarded(reporter, false, [&]() -> Status {
      Result<Array> blob = read_file(file);
      if (!blob.ok()) {
        if (!logger_) stderr_log().error(blob.error().message);
        return std::move(blob).error();
      }
      auto keeper = std::make_unique<Array>(std::move(*blob));
      content->data = keeper->data();
      for (size_t i = 0; i < 4; ++i) content->dims[i] = keeper->shape()[i];
      content->type = to_api(keeper->type());
      content->keeper = keeper.release();
      return Ok{};
    });
  }
  void release(CaffeBlobContent* content) noexcept override {
    delete static_cast<Array*>(content->keeper);
    *content = {};
  }
  void set_message_limit(size_t bytes) noexcept override { most_message_bytes_ = bytes; }
  void set_factory(nvcaffeparser1::IPluginFactoryV2* factory) noexcept override { factory_v2_ = factory; }
  void set_factory(nvcaffeparser1::IPluginFactory* factory) noexcept override { factory_ = factory; }
  void set_factory(nvcaffeparser1::IPluginFactoryExt* factory) noexcept override { factory_ext_ = factory; }
  void set_namespace(const char* name) noexcept override {
    guarded(reporter_, [&] { namespace_ = name ? name : ""; });
  }
  void set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* recorder() const noexcept override { return reporter_.recorder(); }

 private:
  static Result<Array> read_file(const char* file) {
    if (!file) return invalid("ICaffeParser::parseBinaryProto: the name of the file is null");
    TRY_ASSIGN(auto mapped, MappedFile::open(file));
    return read_caffe_blob(mapped->bytes()).within(file);
  }
  template <class Import>
  const nvcaffeparser1::IBlobNameToTensor* import(nvinfer1::INetworkDefinition& network, nvinfer1::DataType type, Import&& work) noexcept {
    auto& facade = static_cast<NetworkFacade&>(network);
    // Errors go to the network's logger, and to the parser's recorder where it has one.
    Reporter reporter(facade.reporter());
    logger_ = reporter.logger();
    if (reporter_.recorder()) reporter.set_recorder(reporter_.recorder());
    return guarded(reporter, static_cast<const nvcaffeparser1::IBlobNameToTensor*>(nullptr),
                   [&]() -> Result<const nvcaffeparser1::IBlobNameToTensor*> {
                     CaffeImportOptions options;
                     options.log = &reporter.log();
                     // As in TensorRT, a network with an explicit batch has one of 1.
                     options.batch = facade.implicit_batch() ? Dim::symbol(facade.batch_symbol()) : Dim(1);
                     options.mark_outputs = false;
                     options.four_dims = true;
                     options.half_weights = type == nvinfer1::DataType::kHALF;
                     if (most_message_bytes_ > 0) options.most_message_bytes = most_message_bytes_;
                     options.custom = [&](const CaffeForeignLayer& layer, Network&) { return make_plugin(facade, layer); };
                     TRY_ASSIGN(CaffeBlobs blobs, work(facade, options));
                     auto table = std::make_unique<BlobTable>();
                     for (const auto& [name, tensor] : blobs) table->tensors[name] = facade.facade(tensor);
                     tables_.push_back(std::move(table));
                     return static_cast<const nvcaffeparser1::IBlobNameToTensor*>(tables_.back().get());
                   });
  }

  // Asks the program's factories, the newest first; nothing where none of them knows the layer.
  std::optional<Result<std::vector<Tensor*>>> make_plugin(NetworkFacade& network, const CaffeForeignLayer& layer) const {
    const bool v2 = factory_v2_ && factory_v2_->isPluginV2(layer.name.c_str());
    const bool ext = !v2 && factory_ext_ && factory_ext_->isPluginExt(layer.name.c_str());
    const bool v1 = !v2 && !ext && factory_ && factory_->isPlugin(layer.name.c_str());
    if (!v2 && !ext && !v1) return std::nullopt;
    return made_plugin(network, layer, v2, ext);
  }
  Result<std::vector<Tensor*>> made_plugin(NetworkFacade& network, const CaffeForeignLayer& layer, bool v2, bool ext) const {
    std::vector<nvinfer1::Weights> weights;
    for (const Array& blob : layer.blobs) weights.push_back({nvinfer1::DataType::kFLOAT, blob.data(), blob.count()});
    std::vector<ITensor*> inputs;
    for (Tensor* input : layer.inputs) inputs.push_back(network.facade(input));
    const auto input_count = static_cast<int32_t>(inputs.size()), weight_count = static_cast<int32_t>(weights.size());
    nvinfer1::ILayer* made = nullptr;
    if (v2) {
      nvinfer1::IPluginV2* plugin = factory_v2_->createPlugin(layer.name.c_str(), weights.data(), weight_count, namespace_.c_str());
      if (!plugin) return invalid("the program's plugin factory made no plugin");
      made = network.addPluginV2(inputs.data(), input_count, *plugin);
    } else if (ext) {
      nvinfer1::IPlugin* plugin = factory_ext_->createPlugin(layer.name.c_str(), weights.data(), weight_count);
      if (!plugin) return invalid("the program's plugin factory made no plugin");
      made = network.addPluginExt(inputs.data(), input_count, static_cast<nvinfer1::IPluginExt&>(*plugin));
    } else {
      nvinfer1::IPlugin* plugin = factory_->createPlugin(layer.name.c_str(), weights.data(), weight_count);
      if (!plugin) return invalid("the program's plugin factory made no plugin");
      made = network.addPlugin(inputs.data(), input_count, *plugin);
    }
    if (!made) return invalid("the network did not take the plugin");
    if (static_cast<size_t>(made->getNbOutputs()) != layer.output_count)
      return invalid("the plugin has " + std::to_string(made->getNbOutputs()) + " outputs and the layer " +
                     std::to_string(layer.output_count) + " tops");
    made->setName(layer.name.c_str());
    std::vector<Tensor*> outputs;
    for (int32_t i = 0; i < made->getNbOutputs(); ++i) outputs.push_back(&core_tensor(*made->getOutput(i)));
    return outputs;
  }

  Reporter reporter_{nullptr};  // holds the recorder
  nvinfer1::ILogger* logger_ = nullptr;
  size_t most_message_bytes_ = 0;
  nvcaffeparser1::IPluginFactoryV2* factory_v2_ = nullptr;
  nvcaffeparser1::IPluginFactory* factory_ = nullptr;
  nvcaffeparser1::IPluginFactoryExt* factory_ext_ = nullptr;
  std::string namespace_;
  std::vector<std::unique_ptr<BlobTable>> tables_;
};

}  // namespace
}  // namespace ingot::api

extern "C" ingot::api::CaffeReader* ingotMakeCaffeReader() noexcept {
  using namespace ingot::api;
  Reporter reporter(nullptr);
  return guarded(reporter, static_cast<CaffeReader*>(nullptr), []() -> CaffeReader* { return new ReaderFacade; });
}
