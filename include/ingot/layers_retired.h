// Layers that newer generations no longer have. They still build, from the layers that took their place.
#pragma once

#include "../NvInferLegacyDims.h"
#include "layer.h"

namespace nvinfer1 {

// y = kernel * x + bias over the last three dimensions, up to generation 9. Kernel weights are [outputs, inputs].
class IFullyConnectedLayer : public ILayer {
 public:
  virtual void setNbOutputChannels(int32_t nbOutputs) noexcept = 0;
  virtual int32_t getNbOutputChannels() const noexcept = 0;
  virtual void setKernelWeights(Weights weights) noexcept = 0;
  virtual Weights getKernelWeights() const noexcept = 0;
  virtual void setBiasWeights(Weights weights) noexcept = 0;
  virtual Weights getBiasWeights() const noexcept = 0;

 protected:
  ~IFullyConnectedLayer() noexcept override = default;
};

// ---- Recurrent layers ----

enum class RNNOperation : int32_t {
  kRELU = 0,
  kTANH = 1,
  kLSTM = 2,
  kGRU = 3,
};
template <>
constexpr int32_t EnumMax<RNNOperation>() noexcept {
  return 4;
}

enum class RNNDirection : int32_t {
  kUNIDIRECTION = 0,
  kBIDIRECTION = 1,
};
template <>
constexpr int32_t EnumMax<RNNDirection>() noexcept {
  return 2;
}

// How the input of the first layer enters.
enum class RNNInputMode : int32_t {
  kLINEAR = 0,  // multiplied by weights
  kSKIP = 1,    // as it is; its length is the hidden size
};
template <>
constexpr int32_t EnumMax<RNNInputMode>() noexcept {
  return 2;
}

enum class RNNGateType : int32_t {
  kINPUT = 0,   // LSTM
  kOUTPUT = 1,  // LSTM
  kFORGET = 2,  // LSTM
  kUPDATE = 3,  // GRU
  kRESET = 4,   // GRU
  kCELL = 5,    // LSTM; the only gate of plain networks is kINPUT
  kHIDDEN = 6,  // GRU
};
template <>
constexpr int32_t EnumMax<RNNGateType>() noexcept {
  return 7;
}

// A stack of recurrent layers, up to generation 9. Input [batch, length, size]; outputs: all hidden states
// [batch, length, hidden size], the last hidden states and, for LSTM, the last cell states [batch, layers, hidden size].
class IRNNv2Layer : public ILayer {
 public:
  virtual int32_t getLayerCount() const noexcept = 0;
  virtual int32_t getHiddenSize() const noexcept = 0;
  virtual int32_t getMaxSeqLength() const noexcept = 0;
  virtual int32_t getDataLength() const noexcept = 0;
  virtual void setOperation(RNNOperation op) noexcept = 0;
  virtual RNNOperation getOperation() const noexcept = 0;
  virtual void setInputMode(RNNInputMode op) noexcept = 0;
  virtual RNNInputMode getInputMode() const noexcept = 0;
  virtual void setDirection(RNNDirection op) noexcept = 0;
  virtual RNNDirection getDirection() const noexcept = 0;
  // Lengths of the sequences of the batch; all are as long as the input unless it is set.
  virtual void setSequenceLengths(ITensor& seqLengths) noexcept = 0;
  virtual ITensor* getSequenceLengths() const noexcept = 0;
  virtual void setHiddenState(ITensor& hidden) noexcept = 0;
  virtual ITensor* getHiddenState() const noexcept = 0;
  virtual void setCellState(ITensor& cell) noexcept = 0;
  virtual ITensor* getCellState() const noexcept = 0;
  // Weights of one gate: isW for those of the input [hidden, size], else for those of the hidden state [hidden, hidden].
  // With two directions layers count double, the forward one first.
  virtual void setWeightsForGate(int32_t layerIndex, RNNGateType gate, bool isW, Weights weights) noexcept = 0;
  virtual Weights getWeightsForGate(int32_t layerIndex, RNNGateType gate, bool isW) const noexcept = 0;
  virtual void setBiasForGate(int32_t layerIndex, RNNGateType gate, bool isW, Weights bias) noexcept = 0;
  virtual Weights getBiasForGate(int32_t layerIndex, RNNGateType gate, bool isW) const noexcept = 0;

 protected:
  ~IRNNv2Layer() noexcept override = default;
};

// The same with all weights in one block, up to generation 7.
class IRNNLayer : public ILayer {
 public:
  virtual uint32_t getLayerCount() const noexcept = 0;
  virtual std::size_t getHiddenSize() const noexcept = 0;
  virtual int32_t getSeqLength() const noexcept = 0;
  virtual int32_t getDataLength() const noexcept = 0;
  virtual void setOperation(RNNOperation op) noexcept = 0;
  virtual RNNOperation getOperation() const noexcept = 0;
  virtual void setInputMode(RNNInputMode op) noexcept = 0;
  virtual RNNInputMode getInputMode() const noexcept = 0;
  virtual void setDirection(RNNDirection op) noexcept = 0;
  virtual RNNDirection getDirection() const noexcept = 0;
  virtual void setWeights(Weights weights) noexcept = 0;
  virtual Weights getWeights() const noexcept = 0;
  virtual void setBias(Weights bias) noexcept = 0;
  virtual Weights getBias() const noexcept = 0;
  virtual void setHiddenState(ITensor& hidden) noexcept = 0;
  virtual ITensor* getHiddenState() const noexcept = 0;
  virtual void setCellState(ITensor& cell) noexcept = 0;
  virtual ITensor* getCellState() const noexcept = 0;

 protected:
  ~IRNNLayer() noexcept override = default;
};

// ---- Output sizes by a formula of the program, up to generation 7 ----

// Computes the output size of convolution, deconvolution or pooling from height and width of everything.
class IOutputDimensionsFormula {
 public:
  virtual ~IOutputDimensionsFormula() = default;
  virtual DimsHW compute(DimsHW inputDims, DimsHW kernelSize, DimsHW stride, DimsHW padding, DimsHW dilation,
                         char const* layerName) const = 0;

  // What the library calls.
  INGOT_LEVEL_ABI virtual Dims64 compute64_(Dims64 const& inputDims, Dims64 const& kernelSize, Dims64 const& stride, Dims64 const& padding,
                                            Dims64 const& dilation, char const* layerName) const {
    return impl::widen(
        compute(impl::toHW(inputDims), impl::toHW(kernelSize), impl::toHW(stride), impl::toHW(padding), impl::toHW(dilation), layerName));
  }
};

}  // namespace nvinfer1
