#include "api/network.h"

#include "api/layers/arithmetic.h"
#include "api/layers/shape.h"
#include "api/layers/window.h"
#include "operators/shape.h"

namespace ingot::api {

using namespace nvinfer1;
using ingot::DataType;
using ingot::Dims;
using ingot::ErrorCode;

Network& core_network(INetworkDefinition& network) { return static_cast<NetworkFacade&>(network).core(); }
const Network& core_network(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).core(); }
bool is_strongly_typed(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).strongly_typed(); }
bool has_implicit_batch(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).implicit_batch(); }
Tensor& core_tensor(ITensor& tensor) { return *static_cast<TensorFacade&>(tensor).core(); }

Layer* core_layer(const ILayer& layer) {
  const auto* handle = dynamic_cast<const LayerHandle*>(&layer);
  return handle ? handle->core() : nullptr;
}

INetworkDefinition* make_network(IBuilder& builder, const Reporter& reporter, NetworkDefinitionCreationFlags flags, int major) {
  return new NetworkFacade(builder, reporter, flags, major);
}

// From 11 on bit 0 means strongly typed and all networks are so; before, bit 0 asks for an explicit batch, which 10 always has.
NetworkFacade::NetworkFacade(IBuilder& builder, const Reporter& reporter, NetworkDefinitionCreationFlags flags, int major)
    : builder_(builder),
      reporter_(reporter),
      flags_(flags),
      strongly_typed_(major >= 11 || (flags >> static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) & 1u)),
      implicit_batch_(major < 10 && !(flags & 1u)) {
  network_->name = "Unnamed Network 0";
}

ITensor* NetworkFacade::facade(Tensor* tensor) const noexcept {
  if (!tensor) return nullptr;
  return guarded(reporter_, static_cast<ITensor*>(nullptr), [&] {
    auto& entry = tensors_[tensor];
    if (!entry) entry = std::make_unique<TensorFacade>(const_cast<NetworkFacade&>(*this), tensor);
    return entry.get();
  });
}

ILayer* NetworkFacade::facade(Layer* layer) const noexcept {
  if (!layer) return nullptr;
  return guarded(reporter_, static_cast<ILayer*>(nullptr), [&] {
    auto& entry = layers_[layer];
    if (!entry) entry = make_layer_facade(const_cast<NetworkFacade&>(*this), layer);
    return entry->layer();
  });
}

bool NetworkFacade::not_served(const char* method) const noexcept {
  reporter_.report(unsupported(std::string("INetworkDefinition::") + method + " is not supported in this version"));
  return false;
}

template <class Interface>
Interface* NetworkFacade::add(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs) noexcept {
  return guarded(reporter_, static_cast<Interface*>(nullptr), [&]() -> Result<Interface*> {
    const std::string name = "(Unnamed Layer* " + std::to_string(network_->layers().size()) + ") [" + std::string(op->name()) + "]";
    TRY_ASSIGN(Layer * layer, network_->add_layer(std::move(op), std::move(inputs), name));
    return static_cast<Interface*>(facade(layer));
  });
}

// Makes the operator behind the fence too.
template <class Interface, class Make>
  requires std::invocable<Make>
Interface* NetworkFacade::add(Make make, std::initializer_list<Tensor*> inputs) noexcept {
  return guarded(reporter_, static_cast<Interface*>(nullptr), [&] { return add<Interface>(make(), std::vector<Tensor*>(inputs)); });
}

// ---- Inputs and outputs ----

int32_t NetworkFacade::getNbInputs() const noexcept { return static_cast<int32_t>(network_->inputs().size()); }

ITensor* NetworkFacade::getInput(int32_t index) const noexcept {
  return index >= 0 && index < getNbInputs() ? facade(network_->inputs()[static_cast<size_t>(index)]) : nullptr;
}

int32_t NetworkFacade::getNbOutputs() const noexcept { return static_cast<int32_t>(network_->outputs().size()); }

ITensor* NetworkFacade::getOutput(int32_t index) const noexcept {
  return index >= 0 && index < getNbOutputs() ? facade(network_->outputs()[static_cast<size_t>(index)]) : nullptr;
}

ITensor* NetworkFacade::addInput64_(char const* name, nvinfer1::DataType type, WideDims const& dims) noexcept {
  return guarded(reporter_, static_cast<ITensor*>(nullptr), [&]() -> Result<ITensor*> {
    if (!name || !*name) return invalid("an input needs a name");
    TensorType core;
    TRY_ASSIGN(core.type, to_core(type));
    TRY_ASSIGN(Shape shape, to_shape(dims));
    for (int64_t size : shape) core.dims.push_back(size < 0 ? Dim::symbol(network_->make_symbol("d")) : Dim(size));
    TRY_ASSIGN(Tensor * tensor, network_->add_input(name, std::move(core)));
    return facade(tensor);
  });
}

void NetworkFacade::markOutput(ITensor& tensor) noexcept {
  guarded(reporter_, [&] { return network_->mark_output(&core_tensor(tensor)); });
}

void NetworkFacade::unmarkOutput(ITensor& tensor) noexcept {
  guarded(reporter_, [&] { network_->unmark_output(&core_tensor(tensor)); });
}

bool NetworkFacade::markOutputForShapes(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&] { return network_->mark_output(&core_tensor(tensor)); });
}

bool NetworkFacade::unmarkOutputForShapes(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    network_->unmark_output(&core_tensor(tensor));
    return Ok{};
  });
}

void NetworkFacade::removeTensor(ITensor& tensor) noexcept {
  guarded(reporter_, [&]() -> Status {
    const Tensor& core = core_tensor(tensor);
    if (!core.readers().empty()) return invalid("the tensor '" + core.name + "' is still read by " + std::to_string(core.readers().size()) + " layers");
    if (core.is_output()) network_->unmark_output(&core_tensor(tensor));
    return Ok{};
  });
}

int32_t NetworkFacade::getNbLayers() const noexcept { return static_cast<int32_t>(network_->layers().size()); }

ILayer* NetworkFacade::getLayer(int32_t index) const noexcept {
  if (index < 0 || index >= getNbLayers()) return nullptr;
  return guarded(reporter_, static_cast<ILayer*>(nullptr), [&] { return facade(network_->layers()[static_cast<size_t>(index)].get()); });
}

// ---- Layers ----

IActivationLayer* NetworkFacade::addActivation(ITensor& input, ActivationType type) noexcept {
  const auto op = to_core(type);
  if (!op.ok()) return reporter_.report(op.error()), nullptr;
  return add<IActivationLayer>([&] { return std::make_unique<Elementwise>(activation(*op, 0, 0)); }, {&core_tensor(input)});
}

IParametricReLULayer* NetworkFacade::addParametricReLU(ITensor& input, ITensor& slope) noexcept {
  return add<IParametricReLULayer>([&] { return std::make_unique<Elementwise>(ScalarOp::kPrelu); }, {&core_tensor(input), &core_tensor(slope)});
}

IUnaryLayer* NetworkFacade::addUnary(ITensor& input, UnaryOperation operation) noexcept {
  const auto op = to_core(operation);
  if (!op.ok()) return reporter_.report(op.error()), nullptr;
  return add<IUnaryLayer>([&] { return std::make_unique<Elementwise>(*op); }, {&core_tensor(input)});
}

IElementWiseLayer* NetworkFacade::addElementWise(ITensor& input1, ITensor& input2, ElementWiseOperation operation) noexcept {
  const auto op = to_core(operation);
  if (!op.ok()) return reporter_.report(op.error()), nullptr;
  const int64_t rank1 = core_tensor(input1).type.rank(), rank2 = core_tensor(input2).type.rank();
  if (rank1 != rank2)
    return reporter_.report(invalid("addElementWise: the inputs have " + std::to_string(rank1) + " and " + std::to_string(rank2) + " dimensions; they must agree")), nullptr;
  return add<IElementWiseLayer>([&] { return std::make_unique<Elementwise>(*op); }, {&core_tensor(input1), &core_tensor(input2)});
}

ISelectLayer* NetworkFacade::addSelect(ITensor& condition, ITensor& then_input, ITensor& else_input) noexcept {
  return add<ISelectLayer>([&] { return std::make_unique<Elementwise>(ScalarOp::kSelect); }, {&core_tensor(condition), &core_tensor(then_input), &core_tensor(else_input)});
}

IIdentityLayer* NetworkFacade::addIdentity(ITensor& input) noexcept {
  return add<IIdentityLayer>([&] { return std::make_unique<Elementwise>(ScalarOp::kIdentity); }, {&core_tensor(input)});
}

ICastLayer* NetworkFacade::addCast(ITensor& input, nvinfer1::DataType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok()) return reporter_.report(core.error()), nullptr;
  return add<ICastLayer>([&] { return std::make_unique<Elementwise>(Elementwise::cast(*core)); }, {&core_tensor(input)});
}

IReduceLayer* NetworkFacade::addReduce(ITensor& input, ReduceOperation operation, uint32_t axes, bool keep) noexcept {
  const auto kind = to_core(operation);
  if (!kind.ok()) return reporter_.report(kind.error()), nullptr;
  return add<IReduceLayer>([&] { return std::make_unique<Reduce>(*kind, axes_of(axes), keep); }, {&core_tensor(input)});
}

ISoftMaxLayer* NetworkFacade::addSoftMax(ITensor& input) noexcept {
  return add<ISoftMaxLayer>([&] { return std::make_unique<Softmax>(std::max<int64_t>(0, core_tensor(input).type.rank() - 3)); }, {&core_tensor(input)});
}

IMatrixMultiplyLayer* NetworkFacade::addMatrixMultiply(ITensor& input0, MatrixOperation op0, ITensor& input1, MatrixOperation op1) noexcept {
  return add<IMatrixMultiplyLayer>([&] { return std::make_unique<MatMul>(op0 == MatrixOperation::kTRANSPOSE, op1 == MatrixOperation::kTRANSPOSE); }, {&core_tensor(input0), &core_tensor(input1)});
}

IShuffleLayer* NetworkFacade::addShuffle(ITensor& input) noexcept { return add<IShuffleLayer>([&] { return std::make_unique<Shuffle>(); }, {&core_tensor(input)}); }

IConcatenationLayer* NetworkFacade::addConcatenation(ITensor* const* inputs, int32_t count) noexcept {
  return guarded(reporter_, static_cast<IConcatenationLayer*>(nullptr), [&]() -> Result<IConcatenationLayer*> {
    if (!inputs || count < 1) return invalid("a concatenation needs at least one input");
    std::vector<Tensor*> tensors;
    for (int32_t i = 0; i < count; ++i) {
      if (!inputs[i]) return invalid("input " + std::to_string(i) + " of the concatenation is null");
      tensors.push_back(&core_tensor(*inputs[i]));
    }
    const int64_t axis = std::max<int64_t>(0, tensors[0]->type.rank() - 3);
    return add<IConcatenationLayer>(std::make_unique<Concat>(axis), tensors);
  });
}

IShapeLayer* NetworkFacade::addShape(ITensor& input) noexcept { return add<IShapeLayer>([&] { return std::make_unique<ShapeOf>(); }, {&core_tensor(input)}); }

IGatherLayer* NetworkFacade::addGather(ITensor&, ITensor&, int32_t) noexcept { return refuse<IGatherLayer>("addGather"); }

IConvolutionLayer* NetworkFacade::addConvolutionNd64_(ITensor& input, int64_t maps, WideDims const& kernel, Weights kernel_weights, Weights bias) noexcept {
  return guarded(reporter_, static_cast<IConvolutionLayer*>(nullptr), [&]() -> Result<IConvolutionLayer*> {
    Tensor& x = core_tensor(input);
    TRY_ASSIGN(Shape taps, to_shape(kernel));
    if (x.type.rank() != static_cast<int64_t>(taps.size()) + 2 || !x.type.dims[1].is_constant())
      return invalid("addConvolutionNd: the input " + to_text(x.type.dims) + " does not fit a kernel of " + to_text(taps) + "; it is [N, C, spatial...] with a known C");
    TRY_ASSIGN(int64_t volume_of_taps, volume(taps));
    const int64_t channels = x.type.dims[1].value();
    if (maps < 1 || volume_of_taps < 1) return invalid("addConvolutionNd: output maps and kernel sizes are positive");
    // Fewer weights than for all channels mean groups, which setNbGroups confirms.
    int64_t per_group = channels;
    if (kernel_weights.count > 0) {
      per_group = kernel_weights.count / (maps * volume_of_taps);
      if (per_group < 1 || per_group * maps * volume_of_taps != kernel_weights.count || channels % per_group != 0)
        return invalid("addConvolutionNd: " + std::to_string(kernel_weights.count) + " weights are given; " + std::to_string(maps) + " maps of " + std::to_string(channels) +
                       " channels and a kernel " + to_text(taps) + " need " + std::to_string(maps * channels * volume_of_taps));
    }
    Shape shape{maps, per_group};
    shape.insert(shape.end(), taps.begin(), taps.end());
    Array values;
    if (kernel_weights.count > 0) {
      TRY_ASSIGN(values, to_array(kernel_weights, shape));
    } else {
      TRY_ASSIGN(values, Array::make(x.type.type, shape));
    }
    auto op = std::make_unique<Convolution>();
    op->groups = channels / per_group;
    std::vector<Tensor*> inputs{&x, network_->add_constant("kernel", std::move(values))};
    if (bias.count > 0) {
      TRY_ASSIGN(Array bias_values, to_array(bias, {maps}));
      inputs.push_back(network_->add_constant("bias", std::move(bias_values)));
    }
    return add<IConvolutionLayer>(std::move(op), inputs);
  });
}

IPoolingLayer* NetworkFacade::addPoolingNd64_(ITensor& input, PoolingType type, WideDims const& window) noexcept {
  return guarded(reporter_, static_cast<IPoolingLayer*>(nullptr), [&]() -> Result<IPoolingLayer*> {
    auto op = std::make_unique<Pool>();
    TRY_ASSIGN(op->kind, to_core(type));
    TRY_ASSIGN(op->kernel, to_shape(window));
    return add<IPoolingLayer>(std::move(op), {&core_tensor(input)});
  });
}

IConstantLayer* NetworkFacade::addConstant64_(WideDims const& dims, Weights weights) noexcept {
  return guarded(reporter_, static_cast<IConstantLayer*>(nullptr), [&]() -> Result<IConstantLayer*> {
    TRY_ASSIGN(Shape shape, to_shape(dims));
    TRY_ASSIGN(Array values, to_array(weights, shape));
    return add<IConstantLayer>(std::make_unique<Constant>(), {network_->add_constant("value", std::move(values))});
  });
}

// ---- About the network ----

void NetworkFacade::setName(char const* name) noexcept {
  guarded(reporter_, [&] { network_->name = name ? name : ""; });
}
char const* NetworkFacade::getName() const noexcept { return network_->name.c_str(); }
NetworkDefinitionCreationFlags NetworkFacade::getFlags() const noexcept { return flags_; }
bool NetworkFacade::getFlag(NetworkDefinitionCreationFlag flag) const noexcept { return flags_ >> static_cast<int>(flag) & 1u; }
IBuilder& NetworkFacade::getBuilder() const noexcept { return builder_; }
void NetworkFacade::setErrorRecorder(IErrorRecorder* recorder) noexcept { reporter_.set_recorder(recorder); }
IErrorRecorder* NetworkFacade::getErrorRecorder() const noexcept { return reporter_.recorder(); }
bool NetworkFacade::hasImplicitBatchDimension() const noexcept { return implicit_batch_; }
bool NetworkFacade::hasExplicitPrecision() const noexcept { return getFlag(NetworkDefinitionCreationFlag::kEXPLICIT_PRECISION); }

namespace {

class UsualFormula final : public IOutputDimensionsFormula {
 public:
  DimsHW compute(DimsHW input, DimsHW kernel, DimsHW stride, DimsHW padding, DimsHW dilation, char const*) const override {
    const auto count = [&](int i) {
      return (input.d[i] + 2 * padding.d[i] - (dilation.d[i] * (kernel.d[i] - 1) + 1)) / stride.d[i] + 1;
    };
    return DimsHW(static_cast<int32_t>(count(0)), static_cast<int32_t>(count(1)));
  }
};

IOutputDimensionsFormula& usual_formula() {
  static UsualFormula formula;
  return formula;
}

}  // namespace

void NetworkFacade::setPoolingOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  if (formula) not_served("setPoolingOutputDimensionsFormula");
}
IOutputDimensionsFormula& NetworkFacade::getPoolingOutputDimensionsFormula() const noexcept { return usual_formula(); }
void NetworkFacade::setConvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  if (formula) not_served("setConvolutionOutputDimensionsFormula");
}
IOutputDimensionsFormula& NetworkFacade::getConvolutionOutputDimensionsFormula() const noexcept { return usual_formula(); }
void NetworkFacade::setDeconvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  if (formula) not_served("setDeconvolutionOutputDimensionsFormula");
}
IOutputDimensionsFormula& NetworkFacade::getDeconvolutionOutputDimensionsFormula() const noexcept { return usual_formula(); }

// ---- Facades by operator ----

namespace {

// A layer whose settings this version does not show.
class PlainFacade final : public LayerFacade<ILayer> {
 public:
  using LayerFacade::LayerFacade;
};
template <class Interface>
class SettinglessFacade final : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;
};

LayerType type_of(std::string_view op) {
  static constexpr std::pair<std::string_view, LayerType> kTypes[] = {
      {"deconvolution", LayerType::kDECONVOLUTION}, {"lrn", LayerType::kLRN}, {"scale", LayerType::kSCALE}, {"topk", LayerType::kTOPK},
      {"arg_reduce", LayerType::kTOPK}, {"gather", LayerType::kGATHER}, {"gather_elements", LayerType::kGATHER}, {"gather_nd", LayerType::kGATHER},
      {"slice", LayerType::kSLICE}, {"pad", LayerType::kSLICE}, {"shape", LayerType::kSHAPE}, {"resize", LayerType::kRESIZE},
      {"range", LayerType::kFILL}, {"fill", LayerType::kFILL}, {"quantize", LayerType::kQUANTIZE}, {"dequantize", LayerType::kDEQUANTIZE},
      {"scatter_nd", LayerType::kSCATTER}, {"scatter_elements", LayerType::kSCATTER}, {"einsum", LayerType::kEINSUM}, {"one_hot", LayerType::kONE_HOT},
      {"onehot", LayerType::kONE_HOT}, {"nonzero", LayerType::kNON_ZERO}, {"nms", LayerType::kNMS}, {"reverse_sequence", LayerType::kREVERSE_SEQUENCE},
      {"normalization", LayerType::kNORMALIZATION}, {"squeeze", LayerType::kSQUEEZE}, {"unsqueeze", LayerType::kUNSQUEEZE},
      {"cumulative", LayerType::kCUMULATIVE}, {"loop", LayerType::kTRIP_LIMIT}, {"if", LayerType::kCONDITION}, {"expand", LayerType::kSLICE},
      {"reshape", LayerType::kSHUFFLE}, {"transpose", LayerType::kSHUFFLE}, {"flatten", LayerType::kSHUFFLE}};
  for (const auto& [name, type] : kTypes) {
    if (name == op) return type;
  }
  return LayerType::kPLUGIN_V3;
}

}  // namespace

std::unique_ptr<LayerHandle> make_layer_facade(NetworkFacade& network, Layer* layer) {
  if (const auto* elementwise = layer->as<Elementwise>()) {
    if (elementwise->op == ScalarOp::kCast) return std::make_unique<CastFacade>(network, layer, LayerType::kCAST);
    if (elementwise->op == ScalarOp::kIdentity) return std::make_unique<SettinglessFacade<IIdentityLayer>>(network, layer, LayerType::kIDENTITY);
    if (elementwise->op == ScalarOp::kSelect) return std::make_unique<SettinglessFacade<ISelectLayer>>(network, layer, LayerType::kSELECT);
    if (elementwise->op == ScalarOp::kPrelu) return std::make_unique<SettinglessFacade<IParametricReLULayer>>(network, layer, LayerType::kPARAMETRIC_RELU);
    if (activation_of(elementwise->op)) return std::make_unique<ActivationFacade>(network, layer, LayerType::kACTIVATION);
    if (unary_of(elementwise->op)) return std::make_unique<UnaryFacade>(network, layer, LayerType::kUNARY);
    if (arity_of(elementwise->op) == 2) return std::make_unique<ElementWiseFacade>(network, layer, LayerType::kELEMENTWISE);
    return std::make_unique<PlainFacade>(network, layer, LayerType::kUNARY);
  }
  if (layer->as<Convolution>()) return std::make_unique<ConvolutionFacade>(network, layer, LayerType::kCONVOLUTION);
  if (layer->as<Pool>()) return std::make_unique<PoolingFacade>(network, layer, LayerType::kPOOLING);
  if (layer->as<Softmax>()) return std::make_unique<SoftMaxFacade>(network, layer, LayerType::kSOFTMAX);
  if (layer->as<Reduce>()) return std::make_unique<ReduceFacade>(network, layer, LayerType::kREDUCE);
  if (layer->as<MatMul>()) return std::make_unique<MatrixMultiplyFacade>(network, layer, LayerType::kMATRIX_MULTIPLY);
  if (layer->as<Concat>()) return std::make_unique<ConcatenationFacade>(network, layer, LayerType::kCONCATENATION);
  if (layer->as<Constant>()) return std::make_unique<ConstantFacade>(network, layer, LayerType::kCONSTANT);
  if (layer->as<Shuffle>()) return std::make_unique<ShuffleFacade>(network, layer, LayerType::kSHUFFLE);
  if (layer->as<ShapeOf>()) return std::make_unique<SettinglessFacade<IShapeLayer>>(network, layer, LayerType::kSHAPE);
  return std::make_unique<PlainFacade>(network, layer, type_of(layer->op().name()));
}

}  // namespace ingot::api
