// libnvonnxparser: the C functions of the ONNX parser, which lives in libnvinfer with the rest.
#include "NvOnnxParser.h"

#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include "NvOnnxConfig.h"
#include "NvOnnxParserRuntime.h"
#include "api/onnx_parser.h"

namespace {

class Config final : public nvonnxparser::IOnnxConfig {
 public:
  void setModelDtype(nvinfer1::DataType const type) override { type_ = type; }
  nvinfer1::DataType getModelDtype() const override { return type_; }
  char const* getModelFileName() const override { return model_.c_str(); }
  void setModelFileName(char const* name) override { model_ = name ? name : ""; }
  Verbosity getVerbosityLevel() const override { return verbosity_; }
  void addVerbosity() override { ++verbosity_; }
  void reduceVerbosity() override { --verbosity_; }
  void setVerbosityLevel(Verbosity verbosity) override { verbosity_ = verbosity; }
  char const* getTextFileName() const override { return text_.c_str(); }
  void setTextFileName(char const* name) override { text_ = name ? name : ""; }
  char const* getFullTextFileName() const override { return full_text_.c_str(); }
  void setFullTextFileName(char const* name) override { full_text_ = name ? name : ""; }
  bool getPrintLayerInfo() const override { return prints_; }
  void setPrintLayerInfo(bool prints) override { prints_ = prints; }

 private:
  nvinfer1::DataType type_ = nvinfer1::DataType::kFLOAT;
  std::string model_, text_, full_text_;
  Verbosity verbosity_ = static_cast<Verbosity>(nvinfer1::ILogger::Severity::kWARNING);
  bool prints_ = false;
};

// For parsers that are given none: messages of the verbosity and graver go to standard error.
class ErrorStream final : public nvinfer1::ILogger {
 public:
  explicit ErrorStream(int verbosity) : verbosity_(verbosity) {}
  void log(Severity severity, char const* message) noexcept override {
    if (static_cast<int>(severity) > verbosity_) return;
    std::fputs(message, stderr);
    std::fputs("\n", stderr);
  }

 private:
  int verbosity_;
};

// Networks outlive the parser that made them, and their builder outlives both.
nvinfer1::IBuilder* builder_of_networks() {
  static ErrorStream log(static_cast<int>(nvinfer1::ILogger::Severity::kWARNING));
  // The program is one of generation 4, whatever this library is.
  static auto* const builder = static_cast<nvinfer1::IBuilder*>(createInferBuilder_INTERNAL(static_cast<nvinfer1::ILogger*>(&log), 4000));
  return builder;
}

class OldParser final : public nvonnxparser::IONNXParser {
 public:
  explicit OldParser(nvonnxparser::IOnnxConfig const& config)
      : log_(config.getVerbosityLevel()), prints_(config.getPrintLayerInfo()), configured_(config.getModelFileName()) {}

  // The types of the network's weights follow from the engine's precision, as they do with the newer parser.
  bool parse(char const* file, nvinfer1::DataType) override {
    network_.reset();
    nvinfer1::IBuilder* builder = builder_of_networks();
    std::unique_ptr<nvinfer1::INetworkDefinition> network(builder ? builder->createNetworkV2(0) : nullptr);
    if (!network) return false;
    std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, log_));
    if (!parser || !parser->parseFromFile(file ? file : configured_.c_str(), 0)) return false;
    network_ = std::move(network);
    if (prints_) reportParsingInfo();
    return true;
  }
  void reportParsingInfo() override {
    for (int32_t i = 0; network_ && i < network_->getNbLayers(); ++i) {
      nvinfer1::ILayer const* layer = network_->getLayer(i);
      const std::string line = std::to_string(i) + ": " + layer->getName() + ", " + std::to_string(layer->getNbInputs()) + " inputs, " +
                               std::to_string(layer->getNbOutputs()) + " outputs\n";
      std::fputs(line.c_str(), stdout);
    }
  }
  bool convertToTRTNetwork() override {
    if (network_) {
      converted_ = std::move(network_);
      given_ = nullptr;
    }
    return converted_ || given_;
  }
  nvinfer1::INetworkDefinition* getTRTNetwork() override {
    if (!given_) given_ = converted_.release();
    return given_;
  }

 private:
  ErrorStream log_;
  bool prints_;
  std::string configured_;
  std::unique_ptr<nvinfer1::INetworkDefinition> network_, converted_;
  nvinfer1::INetworkDefinition* given_ = nullptr;
};

// Networks that the parser makes hold no plugins of generation 4, so there is nothing to make again.
class PluginFactory final : public nvonnxparser::IPluginFactory {
 public:
  nvinfer1::IPlugin* createPlugin(char const*, void const*, std::size_t) override { return nullptr; }
};

}  // namespace

namespace nvonnxparser {

TENSORRTAPI IOnnxConfig* createONNXConfig() { return new (std::nothrow) Config; }

TENSORRTAPI IONNXParser* createONNXParser(IOnnxConfig const& config) { return new (std::nothrow) OldParser(config); }

}  // namespace nvonnxparser

extern "C" {

TENSORRTAPI void* createNvOnnxParser_INTERNAL(void* network, void* logger, int /*version*/) noexcept {
  return ingotMakeOnnxParser(network, logger);
}

TENSORRTAPI void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void* logger, int32_t /*version*/) noexcept {
  return ingotMakeOnnxRefitter(refitter, logger);
}

TENSORRTAPI void* createNvOnnxParserPluginFactory_INTERNAL(void* /*logger*/, int /*version*/) {
  nvonnxparser::IPluginFactory* factory = new (std::nothrow) PluginFactory;
  return factory;
}

TENSORRTAPI int getNvOnnxParserVersion() noexcept { return NV_ONNX_PARSER_VERSION; }

}  // extern "C"
