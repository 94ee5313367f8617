// Reads UFF models, a form of TensorFlow graphs, into networks, up to generation 8.
//
// Programs may implement these classes, so nothing in them is noexcept and Dims are those of the program's generation. The library
// learns the generation from createUffParser and holds an implementation for each width.
#pragma once

#include "NvInfer.h"

// The newest form of a model that the parser reads.
#define UFF_REQUIRED_VERSION_MAJOR 0
#define UFF_REQUIRED_VERSION_MINOR 6
#define UFF_REQUIRED_VERSION_PATCH 9

namespace nvuffparser {

// The order of an input's dimensions.
enum class UffInputOrder : int32_t {
  kNCHW = 0,
  kNHWC = 1,
  kNC = 2,
};

enum class FieldType : int32_t {
  kFLOAT = 0,
  kINT32 = 1,
  kCHAR = 2,
  kDIMS = 4,
  kDATATYPE = 5,
  kUNKNOWN = 6,
};

// A named parameter of a node: `length` values of one type.
class FieldMap {
 public:
  char const* name{};
  void const* data{};
  FieldType type = FieldType::kUNKNOWN;
  int32_t length = 1;

  FieldMap() = default;
  FieldMap(char const* name_, void const* data_, FieldType const type_, int32_t length_ = 1)
      : name(name_), data(data_), type(type_), length(length_) {}
};

struct FieldCollection {
  int32_t nbFields;
  FieldMap const* fields;
};

// Makes the plugins of generations 4 to 7 for nodes that the parser does not know.
class IPluginFactory {
 public:
  virtual ~IPluginFactory() = default;
  virtual bool isPlugin(char const* layerName) = 0;
  virtual nvinfer1::IPlugin* createPlugin(char const* layerName, nvinfer1::Weights const* weights, int32_t nbWeights,
                                          FieldCollection const fc) = 0;
};

class IPluginFactoryExt : public IPluginFactory {
 public:
  INGOT_LEVEL_ABI virtual int32_t getVersion() const { return NV_TENSORRT_VERSION; }
  virtual bool isPluginExt(char const* layerName) = 0;
};

// Adds the nodes of a model to a network. The model's weights are the parser's, so it lives until the build is over.
class IUffParser {
 public:
  virtual ~IUffParser() = default;

  // The inputs and outputs of the model are named before it is parsed. False where that cannot be.
  virtual bool registerInput(char const* inputName, nvinfer1::Dims inputDims, UffInputOrder inputOrder) = 0;
  virtual bool registerOutput(char const* outputName) = 0;
  // Reads a file, or bytes. Weights are converted to weightsType. False where an error is logged.
  virtual bool parse(char const* file, nvinfer1::INetworkDefinition& network,
                     nvinfer1::DataType weightsType = nvinfer1::DataType::kFLOAT) = 0;
  virtual bool parseBuffer(char const* buffer, std::size_t size, nvinfer1::INetworkDefinition& network,
                           nvinfer1::DataType weightsType = nvinfer1::DataType::kFLOAT) = 0;

  virtual int32_t getUffRequiredVersionMajor() = 0;
  virtual int32_t getUffRequiredVersionMinor() = 0;
  virtual int32_t getUffRequiredVersionPatch() = 0;
  virtual void setPluginNamespace(char const* libNamespace) = 0;
  virtual void setPluginFactory(IPluginFactory* /*factory*/) {}
  virtual void setPluginFactoryExt(IPluginFactoryExt* /*factory*/) {}
  virtual void setErrorRecorder(nvinfer1::IErrorRecorder* /*recorder*/) {}
  virtual nvinfer1::IErrorRecorder* getErrorRecorder() const { return nullptr; }
  virtual void destroy() { delete this; }
};

}  // namespace nvuffparser

extern "C" TENSORRTAPI void* createNvUffParser_INTERNAL() noexcept;  // for generation 8
// `version` is the NV_TENSORRT_VERSION that the program was compiled with.
extern "C" TENSORRTAPI void* createNvUffParserForVersion_INTERNAL(int32_t version) noexcept;

namespace nvuffparser {
namespace {

inline IUffParser* createUffParser() noexcept {
  return static_cast<IUffParser*>(createNvUffParserForVersion_INTERNAL(NV_TENSORRT_VERSION));
}

}  // namespace

// Frees what protobuf keeps for the process. No parser may be used afterwards.
TENSORRTAPI void shutdownProtobufLibrary() noexcept;

}  // namespace nvuffparser
