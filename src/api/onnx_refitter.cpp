// IParserRefitter: the weights of a model by their names.
#include "NvOnnxParser.h"
#include "api/convert.h"
#include "api/onnx_parser.h"
#include "api/onnx_parser_error.h"
#include "api/reporter.h"
#include "import/onnx/import.h"

namespace ingot::api {
namespace {

class ParserRefitter final : public nvonnxparser::IParserRefitter {
 public:
  ParserRefitter(nvinfer1::IRefitter& refitter, nvinfer1::ILogger* logger) : refitter_(refitter), reporter_(logger) {}

  bool refitFromBytes(void const* model, std::size_t size, char const* path) override {
    return refit([&](const OnnxImportOptions& options) -> Result<std::unique_ptr<Network>> {
      if (!model) return invalid("refitFromBytes: the model is null");
      return import_onnx(Bytes(static_cast<const std::byte*>(model), size), directory_of(path), options);
    });
  }
  bool refitFromFile(char const* file) override {
    return refit([&](const OnnxImportOptions& options) -> Result<std::unique_ptr<Network>> {
      if (!file) return invalid("refitFromFile: the name of the model is null");
      return import_onnx_file(file, options);
    });
  }
  bool loadModelProto(void const* model, std::size_t size, char const* path) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!model) return invalid("loadModelProto: the model is null");
      const auto* bytes = static_cast<const std::byte*>(model);
      loaded_.assign(bytes, bytes + size);
      directory_ = directory_of(path);
      initializers_.clear();
      return Ok{};
    });
  }
  bool loadInitializer(char const* name, void const* data, std::size_t size) override {
    return guarded(reporter_, false, [&]() -> Status {
      if (loaded_.empty()) return invalid("loadInitializer: no model is loaded; call loadModelProto first");
      if (!name || (!data && size > 0)) return invalid("loadInitializer: the name or the data is null");
      const auto* bytes = static_cast<const std::byte*>(data);
      initializers_[name] = std::make_shared<const std::vector<std::byte>>(bytes, bytes + size);
      return Ok{};
    });
  }
  bool refitModelProto() override {
    return refit([&](const OnnxImportOptions& options) -> Result<std::unique_ptr<Network>> {
      if (loaded_.empty()) return invalid("refitModelProto: no model is loaded; call loadModelProto first");
      OnnxImportOptions with_weights = options;
      with_weights.initializers = initializers_;
      return import_onnx(Bytes(loaded_), directory_, with_weights);
    });
  }
  int32_t getNbErrors() const override { return static_cast<int32_t>(errors_.size()); }
  nvonnxparser::IParserError const* getError(int32_t index) const override {
    return index >= 0 && index < getNbErrors() ? errors_[static_cast<size_t>(index)].get() : nullptr;
  }
  void clearErrors() override { errors_.clear(); }

 private:
  template <class Import>
  bool refit(Import import) {
    return guarded(reporter_, false, [&]() -> Status {
      ImportErrors found;
      OnnxImportOptions options;
      options.log = &reporter_.log();
      options.errors = &found;
      auto network = import(options);
      Status status = network.ok() ? take(*network) : Status(std::move(network).error());
      for (ImportError& error : found) errors_.push_back(std::make_unique<ParserErrorFacade>(std::move(error)));
      if (!status.ok() && found.empty()) {
        ImportError error;
        error.message = status.error().message;
        errors_.push_back(std::make_unique<ParserErrorFacade>(std::move(error)));
      }
      return status;
    });
  }

  // Every name that the engine knows gets the constant of that name. They stay alive until the engine has them.
  Status take(std::unique_ptr<Network>& network) {
    std::vector<const char*> names(static_cast<size_t>(refitter_.getAllWeights(0, nullptr)));
    refitter_.getAllWeights(static_cast<int32_t>(names.size()), names.data());
    if (names.empty()) return invalid("the engine has no weights with names to refit");
    for (const char* name : names) {
      const Tensor* tensor = network->find_tensor(name);
      if (!tensor || !tensor->is_constant()) return invalid("the model has no weights '" + std::string(name) + "', which the engine has");
      const nvinfer1::Weights weights{to_api(tensor->constant.type()), tensor->constant.data(), tensor->constant.count()};
      if (!refitter_.setNamedWeights(name, weights)) return invalid("the weights '" + std::string(name) + "' do not fit the engine");
    }
    kept_.push_back(std::move(network));
    return Ok{};
  }

  nvinfer1::IRefitter& refitter_;
  Reporter reporter_;
  std::vector<std::unique_ptr<ParserErrorFacade>> errors_;
  std::vector<std::unique_ptr<Network>> kept_;
  std::vector<std::byte> loaded_;
  std::map<std::string, std::shared_ptr<const std::vector<std::byte>>, std::less<>> initializers_;
  std::string directory_;
};

}  // namespace
}  // namespace ingot::api

extern "C" void* ingotMakeOnnxRefitter(void* refitter, void* logger) noexcept {
  using namespace ingot::api;
  Reporter reporter(static_cast<nvinfer1::ILogger*>(logger));
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> ingot::Result<void*> {
    if (!refitter || !logger) return ingot::invalid("createParserRefitter: the refitter or the logger is null");
    nvonnxparser::IParserRefitter* made =
        new ParserRefitter(*static_cast<nvinfer1::IRefitter*>(refitter), static_cast<nvinfer1::ILogger*>(logger));
    return static_cast<void*>(made);
  });
}
