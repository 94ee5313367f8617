// Layers of transformers: attention, rotary embedding, key-value caches, mixtures of experts, collectives.
#pragma once

#include "layer.h"

namespace nvinfer1 {

class IAttention;

// ---- Attention ----

// What turns scores into weights.
enum class AttentionNormalizationOp : int32_t {
  kNONE = 0,
  kSOFTMAX = 1,
};
template <>
constexpr int32_t EnumMax<AttentionNormalizationOp>() noexcept {
  return 2;
}

// Which keys a query may see.
enum class CausalMaskKind : int32_t {
  kNONE = 0,         // all
  kUPPER_LEFT = 1,   // key j for query i where j <= i
  kLOWER_RIGHT = 2,  // the same, with the last key and the last query aligned
};
template <>
constexpr int32_t EnumMax<CausalMaskKind>() noexcept {
  return 3;
}

// How sequences lie in a tensor.
enum class AttentionIOForm : int32_t {
  kPADDED_BHND = 0,  // [batch, heads, length, size of a head]
  kPACKED_NHD = 1,   // [all tokens, heads, size of a head], with the lengths in a tensor of their own
};
template <>
constexpr int32_t EnumMax<AttentionIOForm>() noexcept {
  return 2;
}

// A layer at the border of an attention.
class IAttentionBoundaryLayer : public ILayer {
 public:
  virtual IAttention* getAttention() const noexcept = 0;

 protected:
  ~IAttentionBoundaryLayer() noexcept override = default;
};

class IAttentionInputLayer : public IAttentionBoundaryLayer {
 protected:
  ~IAttentionInputLayer() noexcept override = default;
};

class IAttentionOutputLayer : public IAttentionBoundaryLayer {
 protected:
  ~IAttentionOutputLayer() noexcept override = default;
};

// y = normalize(q * k^T + mask) * v for queries q, keys k and values v. Scaling is the caller's.
class IAttention : public INoCopy {
 public:
  virtual bool setNormalizationOperation(AttentionNormalizationOp op) noexcept = 0;
  virtual AttentionNormalizationOp getNormalizationOperation() const noexcept = 0;
  // Added to the scores, or booleans that are true where a key is seen.
  virtual bool setMask(ITensor& mask) noexcept = 0;
  virtual ITensor* getMask() noexcept = 0;
  virtual bool setCausal(bool isCausal) noexcept = 0;
  virtual bool getCausal() const noexcept = 0;
  virtual bool setCausalKind(CausalMaskKind kind) noexcept = 0;
  virtual CausalMaskKind getCausalKind() const noexcept = 0;
  // True allows several steps in place of one where no fused kernel fits.
  virtual bool setDecomposable(bool decomposable) noexcept = 0;
  virtual bool getDecomposable() const noexcept = 0;

  // Quantizes the normalized scores.
  virtual bool setNormalizationQuantizeScale(ITensor& tensor) noexcept = 0;
  virtual ITensor* getNormalizationQuantizeScale() const noexcept = 0;
  virtual bool setNormalizationQuantizeToType(DataType type) noexcept = 0;
  virtual DataType getNormalizationQuantizeToType() const noexcept = 0;

  // Sequences of different lengths.
  virtual bool setQueryForm(AttentionIOForm form) noexcept = 0;
  virtual AttentionIOForm getQueryForm() const noexcept = 0;
  virtual bool setKeyValueForm(AttentionIOForm form) noexcept = 0;
  virtual AttentionIOForm getKeyValueForm() const noexcept = 0;
  virtual bool setQueryLengths(ITensor* lengths) noexcept = 0;
  virtual ITensor* getQueryLengths() const noexcept = 0;
  virtual bool setKeyValueLengths(ITensor* lengths) noexcept = 0;
  virtual ITensor* getKeyValueLengths() const noexcept = 0;

  virtual int32_t getNbInputs() const noexcept = 0;
  virtual bool setInput(int32_t index, ITensor& input) noexcept = 0;  // 0 query, 1 key, 2 value
  virtual ITensor* getInput(int32_t index) const noexcept = 0;
  virtual int32_t getNbOutputs() const noexcept = 0;
  virtual ITensor* getOutput(int32_t index) const noexcept = 0;
  virtual bool setName(char const* name) noexcept = 0;
  virtual char const* getName() const noexcept = 0;
  virtual bool setMetadata(char const* metadata) noexcept = 0;
  virtual char const* getMetadata() const noexcept = 0;
  virtual bool setNbRanks(int32_t nbRanks) noexcept = 0;
  virtual int32_t getNbRanks() const noexcept = 0;

 protected:
  ~IAttention() noexcept override = default;
};

// ---- Positions and caches ----

// Rotates pairs of values by angles that depend on the position. Inputs: x, cosines, sines, optionally position numbers.
class IRotaryEmbeddingLayer : public ILayer {
 public:
  // True pairs neighbours, false the first half with the second.
  virtual void setInterleaved(bool interleaved) noexcept = 0;
  virtual bool getInterleaved() const noexcept = 0;
  // Values of a head that are rotated; 0 stands for all.
  virtual bool setRotaryEmbeddingDim(int32_t rotaryEmbeddingDim) noexcept = 0;
  virtual int32_t getRotaryEmbeddingDim() const noexcept = 0;

 protected:
  ~IRotaryEmbeddingLayer() noexcept override = default;
};

// How a cache is filled.
enum class KVCacheMode : int32_t {
  kLINEAR = 0,  // at the given index
};
template <>
constexpr int32_t EnumMax<KVCacheMode>() noexcept {
  return 1;
}

// Writes new keys or values into a cache, in place. Inputs: cache, update, write indices.
class IKVCacheUpdateLayer : public ILayer {
 public:
  virtual bool setCacheMode(KVCacheMode cacheMode) noexcept = 0;
  virtual KVCacheMode getCacheMode() const noexcept = 0;
  virtual bool setUpdateForm(AttentionIOForm form) noexcept = 0;
  virtual AttentionIOForm getUpdateForm() const noexcept = 0;
  virtual bool setUpdateLengths(ITensor* lengths) noexcept = 0;
  virtual ITensor* getUpdateLengths() const noexcept = 0;

 protected:
  ~IKVCacheUpdateLayer() noexcept override = default;
};

// ---- Mixture of experts ----

enum class MoEActType : int32_t {
  kNONE = 0,
  kSILU = 1,  // x * sigmoid(x)
};
template <>
constexpr int32_t EnumMax<MoEActType>() noexcept {
  return 2;
}

// Sends each token through the experts that were selected for it and adds their answers by their scores.
// Inputs: hidden states, indices of the selected experts, their scores.
class IMoELayer : public ILayer {
 public:
  // Each expert computes down(activation(gate(x)) * up(x)).
  virtual void setGatedWeights(ITensor& fcGateWeights, ITensor& fcUpWeights, ITensor& fcDownWeights,
                               MoEActType activationType) noexcept = 0;
  virtual void setGatedBiases(ITensor& fcGateBiases, ITensor& fcUpBiases, ITensor& fcDownBiases) noexcept = 0;
  virtual void setActivationType(MoEActType activationType) noexcept = 0;
  virtual MoEActType getActivationType() const noexcept = 0;

  // Parameters of a gated SiLU: x * sigmoid(alpha * x) * (gate + beta), with values cut at +-limit.
  virtual void setSwigluParams(float limit, float alpha, float beta) noexcept = 0;
  virtual void setSwigluParamLimit(float limit) noexcept = 0;
  virtual float getSwigluParamLimit() const noexcept = 0;
  virtual void setSwigluParamAlpha(float alpha) noexcept = 0;
  virtual float getSwigluParamAlpha() const noexcept = 0;
  virtual void setSwigluParamBeta(float beta) noexcept = 0;
  virtual float getSwigluParamBeta() const noexcept = 0;

  // Quantization of the activations before the last product.
  virtual void setQuantizationStatic(ITensor& fcDownActivationScale, DataType dataType) noexcept = 0;
  void setQuantizationDynamicDblQ(ITensor& fcDownActivationDblQScale, DataType dataType, Dims const& blockShape,
                                  DataType dynQOutputScaleType) noexcept {
    setQuantizationDynamicDblQ64_(fcDownActivationDblQScale, dataType, impl::widen(blockShape), dynQOutputScaleType);
  }
  virtual void setQuantizationToType(DataType type) noexcept = 0;
  virtual DataType getQuantizationToType() const noexcept = 0;
  void setQuantizationBlockShape(Dims const& blockShape) noexcept { setQuantizationBlockShape64_(impl::widen(blockShape)); }
  Dims getQuantizationBlockShape() const noexcept { return impl::narrow<Dims>(getQuantizationBlockShape64_()); }
  virtual void setDynQOutputScaleType(DataType type) noexcept = 0;
  virtual DataType getDynQOutputScaleType() const noexcept = 0;

 protected:
  ~IMoELayer() noexcept override = default;
  virtual void setQuantizationDynamicDblQ64_(ITensor& fcDownActivationDblQScale, DataType dataType, Dims64 const& blockShape,
                                             DataType dynQOutputScaleType) noexcept = 0;
  virtual void setQuantizationBlockShape64_(Dims64 const& blockShape) noexcept = 0;
  virtual Dims64 getQuantizationBlockShape64_() const noexcept = 0;
};

// ---- Several devices ----

enum class CollectiveOperation : int32_t {
  kALL_REDUCE = 0,
  kALL_GATHER = 1,
  kBROADCAST = 2,
  kREDUCE = 3,
  kREDUCE_SCATTER = 4,
  kALL_TO_ALL = 5,
  kGATHER = 6,
  kSCATTER = 7,
};
template <>
constexpr int32_t EnumMax<CollectiveOperation>() noexcept {
  return 8;
}

// An exchange between the devices of a distributed network.
class IDistCollectiveLayer : public ILayer {
 protected:
  ~IDistCollectiveLayer() noexcept override = default;
};

}  // namespace nvinfer1
