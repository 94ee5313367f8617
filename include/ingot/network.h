// A network under construction.
#pragma once

#include "layers_arithmetic.h"
#include "layers_control.h"
#include "layers_convolution.h"
#include "layers_plugin.h"
#include "layers_quantize.h"
#include "layers_retired.h"
#include "layers_shape.h"
#include "layers_transformer.h"

namespace nvinfer1 {

class IBuilder;
class IPluginExt;

// How a network is created. Bits of NetworkDefinitionCreationFlags. The numbers of generation 10: bit 0 has meant an explicit batch
// from 6 to 10, so literals keep their meaning; generation 11 has no use for it.
enum class NetworkDefinitionCreationFlag : int32_t {
  kEXPLICIT_BATCH = 0,  // the batch is a dimension like the others; always so from generation 10 on
  kSTRONGLY_TYPED = 1,  // types follow from inputs and layers, and nothing else changes them; always so from 11 on
  kPREFER_JIT_PYTHON_PLUGINS = 2,
  kPREFER_AOT_PYTHON_PLUGINS = 3,

  // Retired with generation 10.
  kEXPLICIT_PRECISION = 4,
};
template <>
constexpr int32_t EnumMax<NetworkDefinitionCreationFlag>() noexcept {
  return 5;
}
using NetworkDefinitionCreationFlags = uint32_t;

// Inputs, layers and outputs. Each add function returns a layer that the network owns, or null where its arguments cannot be;
// the log and the error recorder then say why. Weights are not copied and stay valid until the build is over.
class INetworkDefinition : public INoCopy {
 public:
  ~INetworkDefinition() noexcept override = default;

  // ---- Inputs and outputs ----

  // An input. -1 stands for a dimension that is known only at run time; a profile then gives its range.
  ITensor* addInput(char const* name, DataType type, Dims const& dimensions) noexcept {
    return addInput64_(name, type, impl::widen(dimensions));
  }
  virtual int32_t getNbInputs() const noexcept = 0;
  virtual ITensor* getInput(int32_t index) const noexcept = 0;
  virtual void markOutput(ITensor& tensor) noexcept = 0;
  virtual void unmarkOutput(ITensor& tensor) noexcept = 0;
  virtual int32_t getNbOutputs() const noexcept = 0;
  virtual ITensor* getOutput(int32_t index) const noexcept = 0;
  // Outputs that hold a shape: they arrive in host memory.
  virtual bool markOutputForShapes(ITensor& tensor) noexcept = 0;
  virtual bool unmarkOutputForShapes(ITensor& tensor) noexcept = 0;
  // Takes an input or the output of a layer out, where nothing uses it.
  virtual void removeTensor(ITensor& tensor) noexcept = 0;

  // ---- Layers, in the order in which they were added ----

  virtual int32_t getNbLayers() const noexcept = 0;
  virtual ILayer* getLayer(int32_t index) const noexcept = 0;

  // ---- Windows ----

  // kernelWeights and biasWeights may be empty where tensors give them; the bias may also be empty for none.
  IConvolutionLayer* addConvolutionNd(ITensor& input, int64_t nbOutputMaps, Dims const& kernelSize, Weights kernelWeights,
                                      Weights biasWeights) noexcept {
    return addConvolutionNd64_(input, nbOutputMaps, impl::widen(kernelSize), kernelWeights, biasWeights);
  }
  IDeconvolutionLayer* addDeconvolutionNd(ITensor& input, int64_t nbOutputMaps, Dims const& kernelSize, Weights kernelWeights,
                                          Weights biasWeights) noexcept {
    return addDeconvolutionNd64_(input, nbOutputMaps, impl::widen(kernelSize), kernelWeights, biasWeights);
  }
  IPoolingLayer* addPoolingNd(ITensor& input, PoolingType type, Dims const& windowSize) noexcept {
    return addPoolingNd64_(input, type, impl::widen(windowSize));
  }
  IPaddingLayer* addPaddingNd(ITensor& input, Dims const& prePadding, Dims const& postPadding) noexcept {
    return addPaddingNd64_(input, impl::widen(prePadding), impl::widen(postPadding));
  }

  // ---- Element by element ----

  virtual IActivationLayer* addActivation(ITensor& input, ActivationType type) noexcept = 0;
  virtual IParametricReLULayer* addParametricReLU(ITensor& input, ITensor& slope) noexcept = 0;
  virtual IUnaryLayer* addUnary(ITensor& input, UnaryOperation operation) noexcept = 0;
  virtual IElementWiseLayer* addElementWise(ITensor& input1, ITensor& input2, ElementWiseOperation op) noexcept = 0;
  // Channels are dimension 1, or the one given.
  virtual IScaleLayer* addScale(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power) noexcept = 0;
  virtual IScaleLayer* addScaleNd(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power,
                                  int32_t channelAxis) noexcept = 0;
  virtual ISelectLayer* addSelect(ITensor& condition, ITensor& thenInput, ITensor& elseInput) noexcept = 0;
  virtual IIdentityLayer* addIdentity(ITensor& input) noexcept = 0;
  virtual ICastLayer* addCast(ITensor& input, DataType toType) noexcept = 0;

  // ---- Along dimensions: bit i of the axes stands for dimension i ----

  virtual IReduceLayer* addReduce(ITensor& input, ReduceOperation operation, uint32_t reduceAxes, bool keepDimensions) noexcept = 0;
  // Along dimension max(0, n - 3) at first; ISoftMaxLayer::setAxes chooses another.
  virtual ISoftMaxLayer* addSoftMax(ITensor& input) noexcept = 0;
  virtual IRaggedSoftMaxLayer* addRaggedSoftMax(ITensor& input, ITensor& bounds) noexcept = 0;
  virtual ITopKLayer* addTopK(ITensor& input, TopKOperation op, int32_t k, uint32_t reduceAxes) noexcept = 0;
  virtual ITopKLayer* addTopK(ITensor& input, TopKOperation op, int32_t k, uint32_t reduceAxes, DataType indicesType) noexcept = 0;
  virtual ICumulativeLayer* addCumulative(ITensor& input, ITensor& axis, CumulativeOperation operation, bool exclusive,
                                          bool reverse) noexcept = 0;
  virtual ILRNLayer* addLRN(ITensor& input, int64_t window, float alpha, float beta, float k) noexcept = 0;
  virtual INormalizationLayer* addNormalization(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axesMask) noexcept = 0;
  // The same, with scale and bias of the shape that ONNX gives them.
  virtual INormalizationLayer* addNormalizationV2(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axesMask) noexcept = 0;

  // ---- Products ----

  virtual IMatrixMultiplyLayer* addMatrixMultiply(ITensor& input0, MatrixOperation op0, ITensor& input1, MatrixOperation op1) noexcept = 0;
  virtual IEinsumLayer* addEinsum(ITensor* const* inputs, int32_t nbInputs, char const* equation) noexcept = 0;

  // ---- Moving values ----

  virtual IShuffleLayer* addShuffle(ITensor& input) noexcept = 0;
  ISliceLayer* addSlice(ITensor& input, Dims const& start, Dims const& size, Dims const& stride) noexcept {
    return addSlice64_(input, impl::widen(start), impl::widen(size), impl::widen(stride));
  }
  // Along dimension max(0, n - 3) at first; IConcatenationLayer::setAxis chooses another.
  virtual IConcatenationLayer* addConcatenation(ITensor* const* inputs, int32_t nbInputs) noexcept = 0;
  virtual IShapeLayer* addShape(ITensor& input) noexcept = 0;
  virtual ISqueezeLayer* addSqueeze(ITensor& input, ITensor& axes) noexcept = 0;
  virtual IUnsqueezeLayer* addUnsqueeze(ITensor& input, ITensor& axes) noexcept = 0;
  IConstantLayer* addConstant(Dims const& dimensions, Weights weights) noexcept { return addConstant64_(impl::widen(dimensions), weights); }
  IFillLayer* addFill(Dims const& dimensions, FillOperation op, DataType outputType) noexcept {
    return addFill64_(impl::widen(dimensions), op, outputType);
  }
  virtual IGatherLayer* addGather(ITensor& data, ITensor& indices, int32_t axis) noexcept = 0;
  virtual IGatherLayer* addGatherV2(ITensor& data, ITensor& indices, GatherMode mode) noexcept = 0;
  virtual IScatterLayer* addScatter(ITensor& data, ITensor& indices, ITensor& updates, ScatterMode mode) noexcept = 0;
  virtual IOneHotLayer* addOneHot(ITensor& indices, ITensor& values, ITensor& depth, int32_t axis) noexcept = 0;
  virtual INonZeroLayer* addNonZero(ITensor& input) noexcept = 0;
  virtual INonZeroLayer* addNonZero(ITensor& input, DataType indicesType) noexcept = 0;
  virtual IReverseSequenceLayer* addReverseSequence(ITensor& input, ITensor& sequenceLens) noexcept = 0;
  virtual IAssertionLayer* addAssertion(ITensor& condition, char const* message) noexcept = 0;
  virtual IResizeLayer* addResize(ITensor& input) noexcept = 0;
  virtual IGridSampleLayer* addGridSample(ITensor& input, ITensor& grid) noexcept = 0;
  virtual INMSLayer* addNMS(ITensor& boxes, ITensor& scores, ITensor& maxOutputBoxesPerClass) noexcept = 0;
  virtual INMSLayer* addNMS(ITensor& boxes, ITensor& scores, ITensor& maxOutputBoxesPerClass, DataType indicesType) noexcept = 0;

  // ---- Low precision ----

  virtual IQuantizeLayer* addQuantize(ITensor& input, ITensor& scale, DataType outputType) noexcept = 0;
  virtual IDequantizeLayer* addDequantize(ITensor& input, ITensor& scale, DataType outputType) noexcept = 0;
  virtual IDynamicQuantizeLayer* addDynamicQuantize(ITensor& input, int32_t axis, int32_t blockSize, DataType outputType,
                                                    DataType scaleType) noexcept = 0;
  IDynamicQuantizeLayer* addDynamicQuantizeV2(ITensor& input, Dims const& blockShape, DataType outputType, DataType scaleType) noexcept {
    return addDynamicQuantizeV2_64_(input, impl::widen(blockShape), outputType, scaleType);
  }

  // ---- Control ----

  virtual ILoop* addLoop() noexcept = 0;
  virtual IIfConditional* addIfConditional() noexcept = 0;

  // ---- Transformers ----

  virtual IAttention* addAttention(ITensor& query, ITensor& key, ITensor& value, AttentionNormalizationOp normOp, bool causal) noexcept = 0;
  virtual IAttention* addAttentionV2(ITensor& query, ITensor& key, ITensor& value, AttentionNormalizationOp normOp,
                                     CausalMaskKind causalKind) noexcept = 0;
  virtual IRotaryEmbeddingLayer* addRotaryEmbedding(ITensor& input, ITensor& cosCache, ITensor& sinCache, bool interleaved,
                                                    int32_t rotaryEmbeddingDim) noexcept = 0;
  virtual IKVCacheUpdateLayer* addKVCacheUpdate(ITensor& cache, ITensor& update, ITensor& writeIndices, KVCacheMode cacheMode) noexcept = 0;
  virtual IMoELayer* addMoE(ITensor& hiddenStates, ITensor& selectedExpertsForTokens, ITensor& scoresForSelectedExperts) noexcept = 0;
  virtual IDistCollectiveLayer* addDistCollective(ITensor& input, CollectiveOperation distCollectiveOp, ReduceOperation reduceOp,
                                                  int64_t root, int64_t* groups, int64_t groupSize) noexcept = 0;

  // ---- Plugins: the layer keeps a copy of the plugin, made by clone() ----

  virtual IPluginV3Layer* addPluginV3(ITensor* const* inputs, int32_t nbInputs, ITensor* const* shapeInputs, int32_t nbShapeInputs,
                                      IPluginV3& plugin) noexcept = 0;
  virtual IPluginV2Layer* addPluginV2(ITensor* const* inputs, int32_t nbInputs, IPluginV2& plugin) noexcept = 0;

  // ---- About the network ----

  virtual void setName(char const* name) noexcept = 0;  // becomes the engine's; copied
  virtual char const* getName() const noexcept = 0;
  virtual NetworkDefinitionCreationFlags getFlags() const noexcept = 0;
  virtual bool getFlag(NetworkDefinitionCreationFlag networkDefinitionCreationFlag) const noexcept = 0;
  virtual IBuilder& getBuilder() const noexcept = 0;
  virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
  virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;

  // Names weights, so that a refitter finds them. False where no layer has these weights.
  virtual bool setWeightsName(Weights weights, char const* name) noexcept = 0;
  // With BuilderFlag::kREFIT_INDIVIDUAL only marked weights stay refittable.
  virtual bool markWeightsRefittable(char const* name) noexcept = 0;
  virtual bool unmarkWeightsRefittable(char const* name) noexcept = 0;
  virtual bool areWeightsMarkedRefittable(char const* name) const noexcept = 0;

  // Tensors whose values a debug listener may see. Marking one keeps it from being fused away.
  virtual bool markDebug(ITensor& tensor) noexcept = 0;
  virtual bool unmarkDebug(ITensor& tensor) noexcept = 0;
  virtual bool isDebugTensor(ITensor const& tensor) const noexcept = 0;
  virtual bool markUnfusedTensorsAsDebugTensors() noexcept = 0;
  virtual bool unmarkUnfusedTensorsAsDebugTensors() noexcept = 0;

  // ---- Retired ----

  // An implicit batch: shapes leave the batch out, and each run says how many rows it has. Up to generation 9.
  virtual bool hasImplicitBatchDimension() const noexcept = 0;
  virtual bool hasExplicitPrecision() const noexcept = 0;

  // Two spatial dimensions, up to generation 9.
  IConvolutionLayer* addConvolution(ITensor& input, int64_t nbOutputMaps, DimsHW kernelSize, Weights kernelWeights,
                                    Weights biasWeights) noexcept {
    return addConvolutionNd(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  IDeconvolutionLayer* addDeconvolution(ITensor& input, int64_t nbOutputMaps, DimsHW kernelSize, Weights kernelWeights,
                                        Weights biasWeights) noexcept {
    return addDeconvolutionNd(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  IPoolingLayer* addPooling(ITensor& input, PoolingType type, DimsHW windowSize) noexcept { return addPoolingNd(input, type, windowSize); }
  IPaddingLayer* addPadding(ITensor& input, DimsHW prePadding, DimsHW postPadding) noexcept {
    return addPaddingNd(input, prePadding, postPadding);
  }

  // Types that followed from nothing but the operator, up to generation 10: kINT8 codes, kFLOAT values.
  virtual IQuantizeLayer* addQuantize(ITensor& input, ITensor& scale) noexcept = 0;
  virtual IDequantizeLayer* addDequantize(ITensor& input, ITensor& scale) noexcept = 0;
  IFillLayer* addFill(Dims const& dimensions, FillOperation op) noexcept {
    return addFill64_(impl::widen(dimensions), op, DataType::kFLOAT);
  }

  // Layers of layers_retired.h, and plugins of generation 5.
  virtual IFullyConnectedLayer* addFullyConnected(ITensor& input, int32_t nbOutputs, Weights kernelWeights,
                                                  Weights biasWeights) noexcept = 0;
  virtual IRNNv2Layer* addRNNv2(ITensor& input, int32_t layerCount, int32_t hiddenSize, int32_t maxSeqLen, RNNOperation op) noexcept = 0;
  virtual IRNNLayer* addRNN(ITensor& inputs, int32_t layerCount, std::size_t hiddenSize, int32_t maxSeqLen, RNNOperation op,
                            RNNInputMode mode, RNNDirection dir, Weights weights, Weights bias) noexcept = 0;
  virtual IPluginLayer* addPlugin(ITensor* const* inputs, int32_t nbInputs, IPlugin& plugin) noexcept = 0;
  virtual IPluginLayer* addPluginExt(ITensor* const* inputs, int32_t nbInputs, IPluginExt& plugin) noexcept = 0;
  IMatrixMultiplyLayer* addMatrixMultiply(ITensor& input0, bool transpose0, ITensor& input1, bool transpose1) noexcept {
    return addMatrixMultiply(input0, transpose0 ? MatrixOperation::kTRANSPOSE : MatrixOperation::kNONE, input1,
                             transpose1 ? MatrixOperation::kTRANSPOSE : MatrixOperation::kNONE);
  }

  // Output sizes by a formula of the program, up to generation 7; null goes back to the usual one.
  virtual void setPoolingOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept = 0;
  virtual IOutputDimensionsFormula& getPoolingOutputDimensionsFormula() const noexcept = 0;
  virtual void setConvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept = 0;
  virtual IOutputDimensionsFormula& getConvolutionOutputDimensionsFormula() const noexcept = 0;
  virtual void setDeconvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept = 0;
  virtual IOutputDimensionsFormula& getDeconvolutionOutputDimensionsFormula() const noexcept = 0;
  void destroy() noexcept { delete this; }

 protected:
  virtual ITensor* addInput64_(char const* name, DataType type, Dims64 const& dimensions) noexcept = 0;
  virtual IConvolutionLayer* addConvolutionNd64_(ITensor& input, int64_t nbOutputMaps, Dims64 const& kernelSize, Weights kernelWeights,
                                                 Weights biasWeights) noexcept = 0;
  virtual IDeconvolutionLayer* addDeconvolutionNd64_(ITensor& input, int64_t nbOutputMaps, Dims64 const& kernelSize, Weights kernelWeights,
                                                     Weights biasWeights) noexcept = 0;
  virtual IPoolingLayer* addPoolingNd64_(ITensor& input, PoolingType type, Dims64 const& windowSize) noexcept = 0;
  virtual IPaddingLayer* addPaddingNd64_(ITensor& input, Dims64 const& prePadding, Dims64 const& postPadding) noexcept = 0;
  virtual ISliceLayer* addSlice64_(ITensor& input, Dims64 const& start, Dims64 const& size, Dims64 const& stride) noexcept = 0;
  virtual IConstantLayer* addConstant64_(Dims64 const& dimensions, Weights weights) noexcept = 0;
  virtual IFillLayer* addFill64_(Dims64 const& dimensions, FillOperation op, DataType outputType) noexcept = 0;
  virtual IDynamicQuantizeLayer* addDynamicQuantizeV2_64_(ITensor& input, Dims64 const& blockShape, DataType outputType,
                                                          DataType scaleType) noexcept = 0;
};

}  // namespace nvinfer1
