// Reads Caffe models into networks, up to generation 8.
//
// Programs may implement these classes, so nothing in them is noexcept and Dims are those of the program's generation. The library
// learns the generation from createCaffeParser and holds an implementation for each width.
#pragma once

#include "NvInfer.h"

namespace nvcaffeparser1 {

// The tensors of a model by the names of their blobs. Owned by the parser.
class IBlobNameToTensor {
 public:
  // Null where there is no blob of that name.
  virtual nvinfer1::ITensor* find(char const* name) const = 0;

 protected:
  virtual ~IBlobNameToTensor() = default;
};

// The content of a .binaryproto file, such as a mean image.
class IBinaryProtoBlob {
 public:
  virtual ~IBinaryProtoBlob() = default;
  virtual void const* getData() = 0;
#if NV_TENSORRT_MAJOR >= 8
  virtual nvinfer1::Dims4 getDimensions() = 0;
#else
  virtual nvinfer1::DimsNCHW getDimensions() = 0;
#endif
  virtual nvinfer1::DataType getDataType() = 0;
  virtual void destroy() { delete this; }
};

// Makes the plugins of layers that the parser does not know.
class IPluginFactoryV2 {
 public:
  virtual ~IPluginFactoryV2() = default;
  virtual bool isPluginV2(char const* layerName) = 0;
  virtual nvinfer1::IPluginV2* createPlugin(char const* layerName, nvinfer1::Weights const* weights, int32_t nbWeights,
                                            char const* libNamespace = "") = 0;
};

// The same for plugins of generations 4 to 7.
class IPluginFactory {
 public:
  virtual ~IPluginFactory() = default;
  virtual bool isPlugin(char const* layerName) = 0;
  virtual nvinfer1::IPlugin* createPlugin(char const* layerName, nvinfer1::Weights const* weights, int32_t nbWeights) = 0;
};

class IPluginFactoryExt : public IPluginFactory {
 public:
  INGOT_LEVEL_ABI virtual int32_t getVersion() const { return NV_TENSORRT_VERSION; }
  virtual bool isPluginExt(char const* layerName) = 0;
};

// Adds the layers of a model to a network. The model's weights are the parser's, so it lives until the build is over.
class ICaffeParser {
 public:
  virtual ~ICaffeParser() = default;

  // Reads a network (text) and its weights; null where an error is logged. Weights are converted to weightType.
  virtual IBlobNameToTensor const* parse(char const* deploy, char const* model, nvinfer1::INetworkDefinition& network,
                                         nvinfer1::DataType weightType) = 0;
  // The same from memory.
  virtual IBlobNameToTensor const* parseBuffers(uint8_t const* /*deployBuffer*/, std::size_t /*deployLength*/,
                                                uint8_t const* /*modelBuffer*/, std::size_t /*modelLength*/,
                                                nvinfer1::INetworkDefinition& /*network*/, nvinfer1::DataType /*weightType*/) {
    return nullptr;
  }
  virtual IBlobNameToTensor const* parseBuffers(char const* deployBuffer, std::size_t deployLength, char const* modelBuffer,
                                                std::size_t modelLength, nvinfer1::INetworkDefinition& network,
                                                nvinfer1::DataType weightType) {
    return parseBuffers(reinterpret_cast<uint8_t const*>(deployBuffer), deployLength, reinterpret_cast<uint8_t const*>(modelBuffer),
                        modelLength, network, weightType);
  }
  // Null where the file cannot be read. Freed with destroy().
  virtual IBinaryProtoBlob* parseBinaryProto(char const* fileName) = 0;

  // The most bytes of a message, before parsing.
  virtual void setProtobufBufferSize(std::size_t size) = 0;
  virtual void setPluginFactoryV2(IPluginFactoryV2* factory) = 0;
  virtual void setPluginFactory(IPluginFactory* /*factory*/) {}
  virtual void setPluginFactoryExt(IPluginFactoryExt* /*factory*/) {}
  virtual void setPluginNamespace(char const* libNamespace) = 0;
  virtual void setErrorRecorder(nvinfer1::IErrorRecorder* /*recorder*/) {}
  virtual nvinfer1::IErrorRecorder* getErrorRecorder() const { return nullptr; }
  virtual void destroy() { delete this; }
};

}  // namespace nvcaffeparser1

extern "C" TENSORRTAPI void* createNvCaffeParser_INTERNAL() noexcept;  // for generation 8
// `version` is the NV_TENSORRT_VERSION that the program was compiled with.
extern "C" TENSORRTAPI void* createNvCaffeParserForVersion_INTERNAL(int32_t version) noexcept;

namespace nvcaffeparser1 {
namespace {

inline ICaffeParser* createCaffeParser() noexcept {
  return static_cast<ICaffeParser*>(createNvCaffeParserForVersion_INTERNAL(NV_TENSORRT_VERSION));
}

}  // namespace

// Frees what protobuf keeps for the process. No parser may be used afterwards.
TENSORRTAPI void shutdownProtobufLibrary() noexcept;

}  // namespace nvcaffeparser1
