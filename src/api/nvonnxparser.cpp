// libnvonnxparser: the C functions of the ONNX parser, which lives in libnvinfer with the rest.
#include "NvOnnxParser.h"
#include "api/onnx_parser.h"

extern "C" {

TENSORRTAPI void* createNvOnnxParser_INTERNAL(void* network, void* logger, int /*version*/) noexcept {
  return ingotMakeOnnxParser(network, logger);
}

TENSORRTAPI void* createNvOnnxParserRefitter_INTERNAL(void* /*refitter*/, void* logger, int32_t /*version*/) noexcept {
  if (logger) {
    try {
      static_cast<nvinfer1::ILogger*>(logger)->log(nvinfer1::ILogger::Severity::kERROR,
                                                   "createParserRefitter: refitting from ONNX is not supported in this version");
    } catch (...) {
      // A logger that throws has nobody to tell.
    }
  }
  return nullptr;
}

TENSORRTAPI int getNvOnnxParserVersion() noexcept { return NV_ONNX_PARSER_VERSION; }

}  // extern "C"
