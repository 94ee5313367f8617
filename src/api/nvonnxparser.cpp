// libnvonnxparser: the C functions of the ONNX parser, which lives in libnvinfer with the rest.
#include "NvOnnxParser.h"

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

// Networks that the parser makes hold no plugins of generation 4, so there is nothing to make again.
class PluginFactory final : public nvonnxparser::IPluginFactory {
 public:
  nvinfer1::IPlugin* createPlugin(char const*, void const*, std::size_t) override { return nullptr; }
};

}  // namespace

namespace nvonnxparser {

TENSORRTAPI IOnnxConfig* createONNXConfig() { return new (std::nothrow) Config; }

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
