// What all layers share.
#pragma once

#include "tensor.h"

namespace nvinfer1 {

// The class of a layer. The numbers are those of generation 11, retired ones follow.
enum class LayerType : int32_t {
  kCONVOLUTION = 0,
  kCAST = 1,
  kACTIVATION = 2,
  kPOOLING = 3,
  kLRN = 4,
  kSCALE = 5,
  kSOFTMAX = 6,
  kDECONVOLUTION = 7,
  kCONCATENATION = 8,
  kELEMENTWISE = 9,
  kPLUGIN = 10,
  kUNARY = 11,
  kPADDING = 12,
  kSHUFFLE = 13,
  kREDUCE = 14,
  kTOPK = 15,
  kGATHER = 16,
  kMATRIX_MULTIPLY = 17,
  kRAGGED_SOFTMAX = 18,
  kCONSTANT = 19,
  kIDENTITY = 20,
  kPLUGIN_V2 = 21,
  kSLICE = 22,
  kSHAPE = 23,
  kPARAMETRIC_RELU = 24,
  kRESIZE = 25,
  kTRIP_LIMIT = 26,
  kRECURRENCE = 27,
  kITERATOR = 28,
  kLOOP_OUTPUT = 29,
  kSELECT = 30,
  kFILL = 31,
  kQUANTIZE = 32,
  kDEQUANTIZE = 33,
  kCONDITION = 34,
  kCONDITIONAL_INPUT = 35,
  kCONDITIONAL_OUTPUT = 36,
  kSCATTER = 37,
  kEINSUM = 38,
  kASSERTION = 39,
  kONE_HOT = 40,
  kNON_ZERO = 41,
  kGRID_SAMPLE = 42,
  kNMS = 43,
  kREVERSE_SEQUENCE = 44,
  kNORMALIZATION = 45,
  kPLUGIN_V3 = 46,
  kSQUEEZE = 47,
  kUNSQUEEZE = 48,
  kCUMULATIVE = 49,
  kDYNAMIC_QUANTIZE = 50,
  kATTENTION_INPUT = 51,
  kATTENTION_OUTPUT = 52,
  kROTARY_EMBEDDING = 53,
  kKVCACHE_UPDATE = 54,
  kMOE = 55,
  kDIST_COLLECTIVE = 56,

  // Retired.
  kRNN_V2 = 57,
  kFULLY_CONNECTED = 58,
  kRNN = 59,
};
template <>
constexpr int32_t EnumMax<LayerType>() noexcept {
  return 60;
}

// A node of a network under construction, owned by it. Every add function of INetworkDefinition returns one, and its settings may
// change until the network is built.
class ILayer : public INoCopy {
 public:
  virtual LayerType getType() const noexcept = 0;
  // Names the layer in logs, profiles and errors; copied.
  virtual void setName(char const* name) noexcept = 0;
  virtual char const* getName() const noexcept = 0;
  // A remark that travels with the layer into the engine inspector's text; copied.
  virtual void setMetadata(char const* metadata) noexcept = 0;
  virtual char const* getMetadata() const noexcept = 0;

  virtual int32_t getNbInputs() const noexcept = 0;
  // Null outside the range, or for an optional input that is not there.
  virtual ITensor* getInput(int32_t index) const noexcept = 0;
  // Replaces an input, or adds an optional one where the layer's class describes it.
  virtual void setInput(int32_t index, ITensor& tensor) noexcept = 0;
  virtual int32_t getNbOutputs() const noexcept = 0;
  virtual ITensor* getOutput(int32_t index) const noexcept = 0;
  virtual DataType getOutputType(int32_t index) const noexcept = 0;

  // Devices that a layer of a distributed network spans. False where it cannot.
  virtual bool setNbRanks(int32_t nbRanks) noexcept = 0;
  virtual int32_t getNbRanks() const noexcept = 0;

  // ---- Retired: weak typing, up to generation 10 ----
  // The type to compute in and the types of outputs. Wishes, unless BuilderFlag::kOBEY_PRECISION_CONSTRAINTS makes them binding.
  virtual void setPrecision(DataType dataType) noexcept = 0;
  virtual DataType getPrecision() const noexcept = 0;
  virtual bool precisionIsSet() const noexcept = 0;
  virtual void resetPrecision() noexcept = 0;
  virtual void setOutputType(int32_t index, DataType dataType) noexcept = 0;
  virtual bool outputTypeIsSet(int32_t index) const noexcept = 0;
  virtual void resetOutputType(int32_t index) noexcept = 0;

 protected:
  ~ILayer() noexcept override = default;
};

}  // namespace nvinfer1
