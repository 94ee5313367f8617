// Reads ONNX models into networks.
//
//   nvonnxparser::IParser* parser = nvonnxparser::createParser(*network, logger);
//   if (!parser->parseFromFile("model.onnx", 2))
//     for (int32_t i = 0; i < parser->getNbErrors(); ++i) std::cerr << parser->getError(i)->desc() << "\n";
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "NvInfer.h"
#include "ingot/fallback.h"

#define NV_ONNX_PARSER_MAJOR 0
#define NV_ONNX_PARSER_MINOR 1
#define NV_ONNX_PARSER_PATCH 0

// The version of the parser's interface.
static constexpr int32_t NV_ONNX_PARSER_VERSION = ((NV_ONNX_PARSER_MAJOR * 10000) + (NV_ONNX_PARSER_MINOR * 100) + NV_ONNX_PARSER_PATCH);

struct onnxTensorDescriptorV1;

// Indices of nodes, and whether all of them are supported.
using SubGraph_t = std::pair<std::vector<std::size_t>, bool>;
using SubGraphCollection_t = std::vector<SubGraph_t>;

namespace nvonnxparser {

template <typename T>
constexpr int32_t EnumMax() noexcept;

// What went wrong, in broad classes; IParserError::desc() says it exactly.
enum class ErrorCode : int {
  kSUCCESS = 0,
  kINTERNAL_ERROR = 1,  // a defect of the parser
  kMEM_ALLOC_FAILED = 2,
  kMODEL_DESERIALIZE_FAILED = 3,  // the bytes are not a model, or are damaged
  kINVALID_VALUE = 4,             // an argument that the call cannot take
  kINVALID_GRAPH = 5,             // a cycle, a missing input
  kINVALID_NODE = 6,              // a node that contradicts its operator
  kUNSUPPORTED_GRAPH = 7,
  kUNSUPPORTED_NODE = 8,  // an operator that is not there
  kUNSUPPORTED_NODE_ATTR = 9,
  kUNSUPPORTED_NODE_INPUT = 10,
  kUNSUPPORTED_NODE_DATATYPE = 11,
  kUNSUPPORTED_NODE_DYNAMIC = 12,  // a value that would have to be known when the network is built
  kUNSUPPORTED_NODE_SHAPE = 13,
  kREFIT_FAILED = 14,
};
template <>
constexpr int32_t EnumMax<ErrorCode>() noexcept {
  return 15;
}

// How models are read. Bits of OnnxParserFlags.
enum class OnnxParserFlag : int32_t {
  kNATIVE_INSTANCENORM = 0,  // InstanceNormalization becomes a normalization layer in place of a plugin; always so in Ingot
  kENABLE_UINT8_AND_ASYMMETRIC_QUANTIZATION_DLA = 1,
  kREPORT_CAPABILITY_DLA = 2,
  kENABLE_PLUGIN_OVERRIDE = 3,  // a plugin of an operator's name goes before the operator
  kADJUST_FOR_DLA = 4,

  // Retired: generation 8.6.0 only.
  kVERSION_COMPATIBLE = 5,
};
template <>
constexpr int32_t EnumMax<OnnxParserFlag>() noexcept {
  return 6;
}
using OnnxParserFlags = uint32_t;

// One error, with the place where it happened. Owned by its parser, valid until the next call that clears or parses.
class IParserError {
 public:
  virtual ErrorCode code() const = 0;
  // The message: node, operator, shapes, cause.
  virtual char const* desc() const = 0;
  // Where in the parser's own sources it was found.
  virtual char const* file() const = 0;
  virtual int line() const = 0;
  virtual char const* func() const = 0;
  // Index of the node in its graph, -1 where it concerns none; its name and operator.
  virtual int node() const = 0;
  virtual char const* nodeName() const { return ""; }
  virtual char const* nodeOperator() const { return ""; }
  // The local functions that lead to the node, outermost first.
  virtual char const* const* localFunctionStack() const { return nullptr; }
  virtual int32_t localFunctionStackSize() const { return 0; }

 protected:
  virtual ~IParserError() = default;
};

// Adds the nodes of a model to a network. The model's weights are the parser's, so it lives until the build is over.
//
// Parsers of other makers derive from this class and were written for many generations. Therefore only what all of them have is
// abstract, nothing is noexcept, and of two forms of a function either may be overridden.
class IParser {
 public:
  virtual ~IParser() = default;

  // ---- Reading ----

  // Reads a file. Messages of `verbosity` (an ILogger::Severity) and below go to the log. False where an error is recorded.
  virtual bool parseFromFile(char const* onnxModelFile, int verbosity) = 0;
  // Reads a model from memory; model_path is where data outside of the model is looked for, beside it.
  virtual bool parse(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size, char const* /*model_path*/) {
    nvinfer1::impl::Fallback fallback(this);
    return fallback.first() && parse(serialized_onnx_model, serialized_onnx_model_size);
  }
  virtual bool parse(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size) {
    nvinfer1::impl::Fallback fallback(this);
    return fallback.first() && parse(serialized_onnx_model, serialized_onnx_model_size, nullptr);
  }
  // The same in steps, with weights from the program: load the graph, give each initializer that is not in it, parse.
  virtual bool loadModelProto(void const* /*serializedOnnxModel*/, std::size_t /*serializedOnnxModelSize*/,
                              char const* /*modelPath*/ = nullptr) {
    return false;
  }
  virtual bool loadInitializer(char const* /*name*/, void const* /*data*/, std::size_t /*size*/) { return false; }
  virtual bool parseModelProto() { return false; }

  // ---- Errors ----

  virtual int getNbErrors() const = 0;
  virtual IParserError const* getError(int index) const = 0;
  virtual void clearErrors() = 0;

  // ---- What is supported ----

  virtual bool supportsOperator(char const* op_name) const = 0;
  // True where the whole model is supported; otherwise the subgraphs below say which parts are. Does not change the network.
  virtual bool supportsModelV2(void const* /*serializedOnnxModel*/, std::size_t /*serializedOnnxModelSize*/,
                               char const* /*modelPath*/ = nullptr) {
    return false;
  }
  virtual int64_t getNbSubgraphs() { return 0; }
  virtual bool isSubgraphSupported(int64_t const /*index*/) { return false; }
  // Indices of the nodes of a subgraph.
  virtual int64_t* getSubgraphNodes(int64_t const /*index*/, int64_t& subgraphLength) {
    subgraphLength = 0;
    return nullptr;
  }

  // ---- Settings and results ----

  virtual void setFlags(OnnxParserFlags /*onnxParserFlags*/) {}
  virtual OnnxParserFlags getFlags() const { return 0; }
  virtual void setFlag(OnnxParserFlag /*onnxParserFlag*/) {}
  virtual void clearFlag(OnnxParserFlag /*onnxParserFlag*/) {}
  virtual bool getFlag(OnnxParserFlag /*onnxParserFlag*/) const { return false; }
  // What the network will be built with, for decisions that depend on it.
  virtual bool setBuilderConfig(nvinfer1::IBuilderConfig const* const /*builderConfig*/) { return false; }
  // Output i of the node of that name; null where there is none.
  virtual nvinfer1::ITensor const* getLayerOutputTensor(char const* /*name*/, int64_t /*i*/) { return nullptr; }
  // Plugin libraries that the network needs, for version compatible plans.
  virtual char const* const* getUsedVCPluginLibraries(int64_t& nbPluginLibs) const {
    nbPluginLibs = 0;
    return nullptr;
  }

  // ---- Retired ----

  // Up to generation 10; the last form up to 6.
  virtual bool supportsModel(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size,
                             SubGraphCollection_t& sub_graph_collection, char const* /*model_path*/) {
    nvinfer1::impl::Fallback fallback(this);
    return fallback.first() && supportsModel(serialized_onnx_model, serialized_onnx_model_size, sub_graph_collection);
  }
  virtual bool supportsModel(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size,
                             SubGraphCollection_t& sub_graph_collection) {
    nvinfer1::impl::Fallback fallback(this);
    return fallback.first() && supportsModel(serialized_onnx_model, serialized_onnx_model_size, sub_graph_collection, nullptr);
  }
  virtual bool supportsModel(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size) {
    SubGraphCollection_t parts;
    return supportsModel(serialized_onnx_model, serialized_onnx_model_size, parts, nullptr);
  }
  virtual bool parseWithWeightDescriptors(void const* /*serialized_onnx_model*/, std::size_t /*serialized_onnx_model_size*/) {
    return false;
  }
  // Up to generation 7.
  virtual bool parseWithWeightDescriptors(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size,
                                          uint32_t /*weight_count*/, onnxTensorDescriptorV1 const* /*weight_descriptors*/) {
    return parseWithWeightDescriptors(serialized_onnx_model, serialized_onnx_model_size);
  }
  virtual int getRefitMap(char const** /*weightNames*/, char const** /*layerNames*/, nvinfer1::WeightsRole* /*roles*/) { return 0; }
  // Up to generation 9.
  virtual void destroy() { delete this; }
};

// Gives the weights of a model to a refitter, by their names.
class IParserRefitter {
 public:
  virtual ~IParserRefitter() = default;

  // False where a weight is missing or does not fit; then the engine's weights are as before.
  virtual bool refitFromBytes(void const* serializedOnnxModel, std::size_t serializedOnnxModelSize, char const* modelPath = nullptr) = 0;
  virtual bool refitFromFile(char const* onnxModelFile) = 0;
  // The same in steps, as in IParser.
  virtual bool loadModelProto(void const* /*serializedOnnxModel*/, std::size_t /*serializedOnnxModelSize*/,
                              char const* /*modelPath*/ = nullptr) {
    return false;
  }
  virtual bool loadInitializer(char const* /*name*/, void const* /*data*/, std::size_t /*size*/) { return false; }
  virtual bool refitModelProto() { return false; }

  virtual int32_t getNbErrors() const = 0;
  virtual IParserError const* getError(int32_t index) const = 0;
  virtual void clearErrors() = 0;
};

// ---- Retired: generation 4 ----

class IOnnxConfig;

// Reads a model into a network of its own.
class IONNXParser {
 public:
  virtual ~IONNXParser() = default;

  // Reads the file; its weights may be kept as another type. False where an error was told, on standard error.
  virtual bool parse(char const* onnxFilename, nvinfer1::DataType weightsType) = 0;
  // Prints the layers of the network on standard output.
  virtual void reportParsingInfo() = 0;
  // Whether a network has been made of the file.
  virtual bool convertToTRTNetwork() = 0;
  // The network, which is the program's from then on and outlives the parser; null where there is none.
  virtual nvinfer1::INetworkDefinition* getTRTNetwork() = 0;
  virtual void destroy() { delete this; }
};

// A parser for the file, the verbosity and the printing that are set. Deleted by the program, or by destroy().
TENSORRTAPI IONNXParser* createONNXParser(IOnnxConfig const& config);

}  // namespace nvonnxparser

extern "C" TENSORRTAPI void* createNvOnnxParser_INTERNAL(void* network, void* logger, int version) noexcept;
extern "C" TENSORRTAPI void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void* logger, int32_t version) noexcept;
extern "C" TENSORRTAPI int getNvOnnxParserVersion() noexcept;

namespace nvonnxparser {
namespace {

// A parser that adds to `network` and reports to `logger`; both outlive it.
inline IParser* createParser(nvinfer1::INetworkDefinition& network, nvinfer1::ILogger& logger) noexcept {
  return static_cast<IParser*>(createNvOnnxParser_INTERNAL(&network, &logger, NV_ONNX_PARSER_VERSION));
}

inline IParserRefitter* createParserRefitter(nvinfer1::IRefitter& refitter, nvinfer1::ILogger& logger) noexcept {
  return static_cast<IParserRefitter*>(createNvOnnxParserRefitter_INTERNAL(&refitter, &logger, NV_ONNX_PARSER_VERSION));
}

}  // namespace
}  // namespace nvonnxparser
