// Plugins of models that were built with the ONNX parser, up to generation 6.
#pragma once

#include "NvOnnxParser.h"

namespace nvonnxparser {

// Given to IRuntime::deserializeCudaEngine. Freed with destroy().
class IPluginFactory : public nvinfer1::IPluginFactory {
 public:
  virtual void destroy() { delete this; }
};

}  // namespace nvonnxparser

extern "C" TENSORRTAPI void* createNvOnnxParserPluginFactory_INTERNAL(void* logger, int version);

namespace nvonnxparser {
namespace {

inline IPluginFactory* createPluginFactory(nvinfer1::ILogger& logger) {
  return static_cast<IPluginFactory*>(createNvOnnxParserPluginFactory_INTERNAL(&logger, NV_ONNX_PARSER_VERSION));
}

}  // namespace
}  // namespace nvonnxparser
