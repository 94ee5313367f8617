// INetworkDefinition over a core network. Facades of tensors and layers are made when they are first asked for.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "api/convert.h"
#include "api/network_access.h"
#include "api/reporter.h"
#include "network/network.h"

namespace ingot::api {

class NetworkFacade;

// A loop or conditional under construction; see layers/control.h.
class ControlBlock {
 public:
  using Replacements = std::map<int64_t, int64_t>;  // ids of tensors
  virtual ~ControlBlock() = default;
  // Turns the layers of `network`, a copy of the one the block belongs to, into one with subnetworks. False where it has to wait for
  // another block inside of it. `replaced` tells which tensors earlier blocks put in the place of others.
  virtual Result<bool> lower(Network& network, Replacements& replaced) const = 0;
};

class TensorFacade final : public nvinfer1::ITensor {
 public:
  TensorFacade(NetworkFacade& network, Tensor* tensor) : network_(network), tensor_(tensor) {}
  Tensor* core() const { return tensor_; }

  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return tensor_->name.c_str(); }
  void setDimensionName(int32_t index, char const* name) noexcept override;
  char const* getDimensionName(int32_t index) const noexcept override;
  void setType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getType() const noexcept override { return to_api(tensor_->type.type); }
  void setAllowedFormats(nvinfer1::TensorFormats formats) noexcept override;
  nvinfer1::TensorFormats getAllowedFormats() const noexcept override { return formats_; }
  bool isNetworkInput() const noexcept override { return tensor_->is_input(); }
  bool isNetworkOutput() const noexcept override { return tensor_->is_output(); }
  bool isShapeTensor() const noexcept override { return tensor_->type.place == Place::kHost || tensor_->type.values.has_value(); }
  bool isExecutionTensor() const noexcept override { return tensor_->type.place == Place::kDevice; }
  bool setDynamicRange(float min, float max) noexcept override;
  void resetDynamicRange() noexcept override { tensor_->range_min = tensor_->range_max = __builtin_nanf(""); }
  bool dynamicRangeIsSet() const noexcept override { return tensor_->range_min == tensor_->range_min; }
  float getDynamicRangeMin() const noexcept override { return tensor_->range_min; }
  float getDynamicRangeMax() const noexcept override { return tensor_->range_max; }
  void setLocation(nvinfer1::TensorLocation location) noexcept override;
  nvinfer1::TensorLocation getLocation() const noexcept override;
  void setBroadcastAcrossBatch(bool) noexcept override {}
  bool getBroadcastAcrossBatch() const noexcept override { return false; }

 protected:
  void setDimensions64_(WideDims const& dims) noexcept override;
  WideDims getDimensions64_() const noexcept override;

 private:
  NetworkFacade& network_;
  Tensor* tensor_;
  nvinfer1::TensorFormats formats_ = (1u << nvinfer1::EnumMax<nvinfer1::TensorFormat>()) - 1;
  mutable std::string dimension_name_;
  std::map<int32_t, std::string> known_names_;  // of dimensions that are numbers
};

// What the network holds of a layer's facade. Settings arrive one by one, and what stands between two of them need not make sense: such
// a state waits in the handle, and the core layer stays as it was until the settings fit again. Building reports what never did.
class LayerHandle {
 public:
  LayerHandle(NetworkFacade& network, Layer* layer) : network_(network), layer_(layer) {}
  virtual ~LayerHandle() = default;
  virtual nvinfer1::ILayer* layer() = 0;
  Layer* core() const { return layer_; }
  bool is_waiting() const { return waiting_op_ != nullptr; }
  // Tries the settings again, after something beside the layer changed that they hang on.
  void refresh() { change(current_op().clone(), current_inputs()); }
  // An error where the layer lacks what it needs to run.
  virtual Status complete() const { return Ok{}; }
  // Tries the waiting settings once more; the error names the layer.
  Status settle();

 protected:
  const Operator& current_op() const { return waiting_op_ ? *waiting_op_ : layer_->op(); }
  const std::vector<Tensor*>& current_inputs() const { return waiting_op_ ? waiting_inputs_ : layer_->inputs(); }
  void change(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs);
  // Completes settings that follow from others, before they are tried.
  virtual void adjust(Operator& /*op*/, const std::vector<Tensor*>& /*inputs*/) const {}
  // The number of inputs that are no bare constants: what the program sees of a layer whose weights are inputs of the core's.
  size_t inputs_without_weights() const;
  nvinfer1::Weights weights_of(size_t input) const noexcept;
  // Replaces the constant at `input`; empty weights leave the input out.
  Status set_weights(size_t input, const nvinfer1::Weights& weights, const Shape& shape, const char* role);

  NetworkFacade& network_;
  Layer* layer_;

 private:
  void take_inputs(const std::vector<Tensor*>& inputs);
  std::unique_ptr<Operator> waiting_op_;
  std::vector<Tensor*> waiting_inputs_;
};

// Gives `op` names for dims that are known only at run time, where it needs some, and bounds them.
Status name_runtime_dims(Network& network, Operator& op, const std::vector<Tensor*>& inputs);

class NetworkFacade final : public nvinfer1::INetworkDefinition {
 public:
  NetworkFacade(nvinfer1::IBuilder& builder, const Reporter& reporter, nvinfer1::NetworkDefinitionCreationFlags flags, int major);

  Network& core() const { return *network_; }
  Reporter& reporter() const { return reporter_; }
  nvinfer1::ITensor* facade(Tensor* tensor) const noexcept;  // null where memory ran out, which is reported
  nvinfer1::ILayer* facade(Layer* layer) const noexcept;
  bool strongly_typed() const { return strongly_typed_; }
  bool implicit_batch() const { return implicit_batch_; }
  // Dims in front that the program does not see: 1 with an implicit batch, which the core holds as dim 0; constants have a 1 there.
  int64_t lead() const { return implicit_batch_ ? 1 : 0; }
  WideDims visible(const Dims& dims) const;
  // A copy to build: control flow becomes subnetworks, and what never made sense is an error.
  Result<std::unique_ptr<Network>> buildable() const;
  const std::string& batch_symbol() const { return batch_symbol_; }
  LayerHandle* handle(const Layer* layer) const;
  nvinfer1::ILoop* loop(int64_t number) const;
  nvinfer1::IIfConditional* conditional(int64_t number) const;
  Status note_weights_name(const void* values, std::string name);
  const std::set<std::string>& refittable_names() const { return refittable_; }
  const std::map<std::string, std::string>& weight_names() const { return weight_names_; }
  bool marks_refittable() const { return !refittable_.empty(); }

  // Adds a core layer and returns its facade; null, and an error in the log, where the operator refuses its inputs. `word` names the
  // layer's class in its name: "(Unnamed Layer* 0) [Convolution]".
  template <class Interface>
  Interface* add(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, const char* word) noexcept {
    return guarded(reporter_, static_cast<Interface*>(nullptr), [&]() -> Result<Interface*> {
      TRY_ASSIGN(Layer * layer, add_core(std::move(op), std::move(inputs), word));
      return static_cast<Interface*>(facade(layer));
    });
  }
  Result<Layer*> add_core(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, const char* word);
  // Where types are hints: the same inputs with constants of other floating types in the type of the first one that is computed. Layers
  // that refuse the inputs as they are get these.
  std::vector<Tensor*> in_one_type(std::vector<Tensor*> inputs);
  // An error where an output has more dimensions than the API can tell.
  Status check_ranks(const Layer& layer) const;

  int32_t getNbInputs() const noexcept override;
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override;
  void markOutput(nvinfer1::ITensor& tensor) noexcept override;
  void unmarkOutput(nvinfer1::ITensor& tensor) noexcept override;
  int32_t getNbOutputs() const noexcept override;
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override;
  bool markOutputForShapes(nvinfer1::ITensor& tensor) noexcept override;
  bool unmarkOutputForShapes(nvinfer1::ITensor& tensor) noexcept override;
  void removeTensor(nvinfer1::ITensor& tensor) noexcept override;
  int32_t getNbLayers() const noexcept override;
  nvinfer1::ILayer* getLayer(int32_t index) const noexcept override;
  nvinfer1::IActivationLayer* addActivation(nvinfer1::ITensor& input, nvinfer1::ActivationType type) noexcept override;
  nvinfer1::IParametricReLULayer* addParametricReLU(nvinfer1::ITensor& input, nvinfer1::ITensor& slope) noexcept override;
  nvinfer1::IUnaryLayer* addUnary(nvinfer1::ITensor& input, nvinfer1::UnaryOperation operation) noexcept override;
  nvinfer1::IElementWiseLayer* addElementWise(nvinfer1::ITensor& input1, nvinfer1::ITensor& input2,
                                              nvinfer1::ElementWiseOperation op) noexcept override;
  nvinfer1::ISelectLayer* addSelect(nvinfer1::ITensor& condition, nvinfer1::ITensor& thenInput,
                                    nvinfer1::ITensor& elseInput) noexcept override;
  nvinfer1::IIdentityLayer* addIdentity(nvinfer1::ITensor& input) noexcept override;
  nvinfer1::ICastLayer* addCast(nvinfer1::ITensor& input, nvinfer1::DataType toType) noexcept override;
  nvinfer1::IReduceLayer* addReduce(nvinfer1::ITensor& input, nvinfer1::ReduceOperation operation, uint32_t reduceAxes,
                                    bool keepDimensions) noexcept override;
  nvinfer1::ISoftMaxLayer* addSoftMax(nvinfer1::ITensor& input) noexcept override;
  nvinfer1::IMatrixMultiplyLayer* addMatrixMultiply(nvinfer1::ITensor& input0, nvinfer1::MatrixOperation op0, nvinfer1::ITensor& input1,
                                                    nvinfer1::MatrixOperation op1) noexcept override;
  nvinfer1::IShuffleLayer* addShuffle(nvinfer1::ITensor& input) noexcept override;
  nvinfer1::IConcatenationLayer* addConcatenation(nvinfer1::ITensor* const* inputs, int32_t nbInputs) noexcept override;
  nvinfer1::IShapeLayer* addShape(nvinfer1::ITensor& input) noexcept override;
  nvinfer1::IGatherLayer* addGather(nvinfer1::ITensor& data, nvinfer1::ITensor& indices, int32_t axis) noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override;
  nvinfer1::NetworkDefinitionCreationFlags getFlags() const noexcept override;
  bool getFlag(nvinfer1::NetworkDefinitionCreationFlag networkDefinitionCreationFlag) const noexcept override;
  nvinfer1::IBuilder& getBuilder() const noexcept override;
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override;
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override;
  bool hasImplicitBatchDimension() const noexcept override;
  bool hasExplicitPrecision() const noexcept override;

  bool setWeightsName(nvinfer1::Weights weights, char const* name) noexcept override;
  bool markWeightsRefittable(char const* name) noexcept override;
  bool unmarkWeightsRefittable(char const* name) noexcept override;
  bool areWeightsMarkedRefittable(char const* name) const noexcept override;
  bool markDebug(nvinfer1::ITensor& tensor) noexcept override;
  bool unmarkDebug(nvinfer1::ITensor& tensor) noexcept override;
  bool isDebugTensor(nvinfer1::ITensor const& tensor) const noexcept override;
  bool markUnfusedTensorsAsDebugTensors() noexcept override { return unfused_ = true; }
  bool unmarkUnfusedTensorsAsDebugTensors() noexcept override {
    unfused_ = false;
    return true;
  }
  const std::set<const Tensor*>& debug_tensors() const { return debug_; }
  bool shows_unfused() const { return unfused_; }
  // The program's formula for the outputs of a class of layers; null where the usual sizes hold.
  nvinfer1::IOutputDimensionsFormula* formula_for(nvinfer1::LayerType type) const;
  void setPoolingOutputDimensionsFormula(nvinfer1::IOutputDimensionsFormula* formula) noexcept override;
  nvinfer1::IOutputDimensionsFormula& getPoolingOutputDimensionsFormula() const noexcept override;
  void setConvolutionOutputDimensionsFormula(nvinfer1::IOutputDimensionsFormula* formula) noexcept override;
  nvinfer1::IOutputDimensionsFormula& getConvolutionOutputDimensionsFormula() const noexcept override;
  void setDeconvolutionOutputDimensionsFormula(nvinfer1::IOutputDimensionsFormula* formula) noexcept override;
  nvinfer1::IOutputDimensionsFormula& getDeconvolutionOutputDimensionsFormula() const noexcept override;

  nvinfer1::IScaleLayer* addScale(nvinfer1::ITensor&, nvinfer1::ScaleMode, nvinfer1::Weights, nvinfer1::Weights,
                                  nvinfer1::Weights) noexcept override;
  nvinfer1::IScaleLayer* addScaleNd(nvinfer1::ITensor&, nvinfer1::ScaleMode, nvinfer1::Weights, nvinfer1::Weights, nvinfer1::Weights,
                                    int32_t) noexcept override;
  nvinfer1::IRaggedSoftMaxLayer* addRaggedSoftMax(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::ITopKLayer* addTopK(nvinfer1::ITensor&, nvinfer1::TopKOperation, int32_t, uint32_t) noexcept override;
  nvinfer1::ITopKLayer* addTopK(nvinfer1::ITensor&, nvinfer1::TopKOperation, int32_t, uint32_t, nvinfer1::DataType) noexcept override;
  nvinfer1::ICumulativeLayer* addCumulative(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::CumulativeOperation, bool,
                                            bool) noexcept override;
  nvinfer1::ILRNLayer* addLRN(nvinfer1::ITensor&, int64_t, float, float, float) noexcept override;
  nvinfer1::INormalizationLayer* addNormalization(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, uint32_t) noexcept override;
  nvinfer1::INormalizationLayer* addNormalizationV2(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, uint32_t) noexcept override;
  nvinfer1::IEinsumLayer* addEinsum(nvinfer1::ITensor* const*, int32_t, char const*) noexcept override;
  nvinfer1::ISqueezeLayer* addSqueeze(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IUnsqueezeLayer* addUnsqueeze(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IGatherLayer* addGatherV2(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::GatherMode) noexcept override;
  nvinfer1::IScatterLayer* addScatter(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ScatterMode) noexcept override;
  nvinfer1::IOneHotLayer* addOneHot(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, int32_t) noexcept override;
  nvinfer1::INonZeroLayer* addNonZero(nvinfer1::ITensor&) noexcept override;
  nvinfer1::INonZeroLayer* addNonZero(nvinfer1::ITensor&, nvinfer1::DataType) noexcept override;
  nvinfer1::IReverseSequenceLayer* addReverseSequence(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IAssertionLayer* addAssertion(nvinfer1::ITensor&, char const*) noexcept override;
  nvinfer1::IResizeLayer* addResize(nvinfer1::ITensor&) noexcept override;
  nvinfer1::IGridSampleLayer* addGridSample(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::INMSLayer* addNMS(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::INMSLayer* addNMS(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::DataType) noexcept override;
  nvinfer1::IQuantizeLayer* addQuantize(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::DataType) noexcept override;
  nvinfer1::IDequantizeLayer* addDequantize(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::DataType) noexcept override;
  nvinfer1::IDynamicQuantizeLayer* addDynamicQuantize(nvinfer1::ITensor&, int32_t, int32_t, nvinfer1::DataType,
                                                      nvinfer1::DataType) noexcept override;
  nvinfer1::ILoop* addLoop() noexcept override;
  nvinfer1::IIfConditional* addIfConditional() noexcept override;
  nvinfer1::IAttention* addAttention(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::AttentionNormalizationOp,
                                     bool) noexcept override;
  nvinfer1::IAttention* addAttentionV2(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::AttentionNormalizationOp,
                                       nvinfer1::CausalMaskKind) noexcept override;
  nvinfer1::IRotaryEmbeddingLayer* addRotaryEmbedding(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&, bool,
                                                      int32_t) noexcept override;
  nvinfer1::IKVCacheUpdateLayer* addKVCacheUpdate(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&,
                                                  nvinfer1::KVCacheMode) noexcept override;
  nvinfer1::IMoELayer* addMoE(nvinfer1::ITensor&, nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IDistCollectiveLayer* addDistCollective(nvinfer1::ITensor&, nvinfer1::CollectiveOperation, nvinfer1::ReduceOperation, int64_t,
                                                    int64_t*, int64_t) noexcept override;
  nvinfer1::IPluginV3Layer* addPluginV3(nvinfer1::ITensor* const*, int32_t, nvinfer1::ITensor* const*, int32_t,
                                        nvinfer1::IPluginV3&) noexcept override;
  nvinfer1::IPluginV2Layer* addPluginV2(nvinfer1::ITensor* const*, int32_t, nvinfer1::IPluginV2&) noexcept override;
  nvinfer1::IQuantizeLayer* addQuantize(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IDequantizeLayer* addDequantize(nvinfer1::ITensor&, nvinfer1::ITensor&) noexcept override;
  nvinfer1::IFullyConnectedLayer* addFullyConnected(nvinfer1::ITensor&, int32_t, nvinfer1::Weights, nvinfer1::Weights) noexcept override;
  nvinfer1::IRNNv2Layer* addRNNv2(nvinfer1::ITensor&, int32_t, int32_t, int32_t, nvinfer1::RNNOperation) noexcept override;
  nvinfer1::IRNNLayer* addRNN(nvinfer1::ITensor&, int32_t, std::size_t, int32_t, nvinfer1::RNNOperation, nvinfer1::RNNInputMode,
                              nvinfer1::RNNDirection, nvinfer1::Weights, nvinfer1::Weights) noexcept override;
  nvinfer1::IPluginLayer* addPlugin(nvinfer1::ITensor* const*, int32_t, nvinfer1::IPlugin&) noexcept override;
  nvinfer1::IPluginLayer* addPluginExt(nvinfer1::ITensor* const*, int32_t, nvinfer1::IPluginExt&) noexcept override;

 protected:
  nvinfer1::ITensor* addInput64_(char const* name, nvinfer1::DataType type, WideDims const& dimensions) noexcept override;
  nvinfer1::IConvolutionLayer* addConvolutionNd64_(nvinfer1::ITensor& input, int64_t nbOutputMaps, WideDims const& kernelSize,
                                                   nvinfer1::Weights kernelWeights, nvinfer1::Weights biasWeights) noexcept override;
  nvinfer1::IDeconvolutionLayer* addDeconvolutionNd64_(nvinfer1::ITensor&, int64_t, WideDims const&, nvinfer1::Weights,
                                                       nvinfer1::Weights) noexcept override;
  nvinfer1::IPoolingLayer* addPoolingNd64_(nvinfer1::ITensor& input, nvinfer1::PoolingType type,
                                           WideDims const& windowSize) noexcept override;
  nvinfer1::IPaddingLayer* addPaddingNd64_(nvinfer1::ITensor&, WideDims const&, WideDims const&) noexcept override;
  nvinfer1::ISliceLayer* addSlice64_(nvinfer1::ITensor&, WideDims const&, WideDims const&, WideDims const&) noexcept override;
  nvinfer1::IConstantLayer* addConstant64_(WideDims const& dimensions, nvinfer1::Weights weights) noexcept override;
  nvinfer1::IFillLayer* addFill64_(WideDims const&, nvinfer1::FillOperation, nvinfer1::DataType) noexcept override;
  nvinfer1::IDynamicQuantizeLayer* addDynamicQuantizeV2_64_(nvinfer1::ITensor&, WideDims const&, nvinfer1::DataType,
                                                            nvinfer1::DataType) noexcept override;

 private:
  void set_formula(nvinfer1::LayerType type, nvinfer1::IOutputDimensionsFormula* formula) noexcept;

  nvinfer1::IBuilder& builder_;
  mutable Reporter reporter_;
  nvinfer1::NetworkDefinitionCreationFlags flags_;
  int major_;
  bool strongly_typed_, implicit_batch_;
  std::string batch_symbol_;
  std::unique_ptr<Network> network_ = std::make_unique<Network>();
  mutable std::unordered_map<Tensor*, std::unique_ptr<TensorFacade>> tensors_;
  mutable std::unordered_map<Layer*, std::unique_ptr<LayerHandle>> layers_;
  std::vector<std::unique_ptr<ControlBlock>> blocks_;
  std::map<std::string, std::string> weight_names_;  // by the constant's name: what the program calls it
  std::set<std::string> refittable_;
  std::set<const Tensor*> debug_;
  bool unfused_ = false;
  std::map<nvinfer1::LayerType, nvinfer1::IOutputDimensionsFormula*> formulas_;
};

// The facade of the class that the layer's operator asks for; one without settings for operators that have no class of their own.
std::unique_ptr<LayerHandle> make_layer_facade(NetworkFacade& network, Layer* layer);

}  // namespace ingot::api
