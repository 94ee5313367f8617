#include "api/network.h"

#include "api/layers/layer.h"
#include "api/weights_table.h"
#include "operators/constant.h"
#include "operators/nms.h"
#include "operators/nonzero.h"
#include "operators/runtime_dims.h"

namespace ingot::api {

using namespace nvinfer1;
using ingot::DataType;
using ingot::Dims;
using ingot::ErrorCode;

Network& core_network(INetworkDefinition& network) { return static_cast<NetworkFacade&>(network).core(); }
const Network& core_network(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).core(); }
bool is_strongly_typed(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).strongly_typed(); }
bool has_implicit_batch(const INetworkDefinition& network) { return static_cast<const NetworkFacade&>(network).implicit_batch(); }
Result<std::unique_ptr<Network>> buildable_network(const INetworkDefinition& network) {
  return static_cast<const NetworkFacade&>(network).buildable();
}
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
      major_(major),
      strongly_typed_(major >= 11 || (flags >> static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) & 1u)),
      implicit_batch_(major < 10 && !(flags & 1u)) {
  network_->name = "Unnamed Network 0";
  if (implicit_batch_) batch_symbol_ = network_->make_symbol("batch");
}

WideDims NetworkFacade::visible(const Dims& dims) const {
  WideDims all = to_api(dims);
  if (all.nbDims < lead() || lead() == 0) return all;
  std::move(all.d + lead(), all.d + all.nbDims, all.d);
  all.nbDims -= static_cast<int32_t>(lead());
  return all;
}

LayerHandle* NetworkFacade::handle(const Layer* layer) const {
  const auto found = layers_.find(const_cast<Layer*>(layer));
  return found == layers_.end() ? nullptr : found->second.get();
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

Status name_runtime_dims(Network& network, Operator& op, const std::vector<Tensor*>& inputs) {
  TensorTypes types;
  for (const Tensor* input : inputs) types.push_back(input ? input->type : TensorType{});
  if (op.infer(types).ok()) return Ok{};
  const std::string symbol = network.make_symbol(std::string(kRuntimeSymbolPrefix) + std::string(op.name()));
  if (!op.set_field("symbol", symbol).ok() || !op.infer(types).ok()) return Ok{};  // whoever infers next says what is wrong
  if (dynamic_cast<const NonZero*>(&op)) network.bound_symbol(symbol, volume(types[0].dims));
  if (const auto* nms = dynamic_cast<const Nms*>(&op)) {
    const Dims& scores = types[1].dims;
    Dim each = scores[nms->classes_last ? 1 : 2];
    if (types.size() > 2 && types[2].values && types[2].values->size() == 1) each = smaller(each, (*types[2].values)[0]);
    network.bound_symbol(symbol, scores[0] * scores[nms->classes_last ? 2 : 1] * each);
  }
  return Ok{};
}

Result<Layer*> NetworkFacade::add_core(std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, const char* word) {
  for (const Tensor* input : inputs) {
    if (input && network_->find_tensor(input->name) != input) return invalid("the tensor '" + input->name + "' belongs to another network");
  }
  TRY(name_runtime_dims(*network_, *op, inputs));
  const std::string name = "(Unnamed Layer* " + std::to_string(network_->layers().size()) + ") [" + word + "]";
  auto added = network_->add_layer(op->clone(), inputs, name);
  if (!added.ok()) {
    if (std::vector<Tensor*> alike = in_one_type(inputs); alike != inputs) {
      if (auto again = network_->add_layer(std::move(op), std::move(alike), name); again.ok()) added = std::move(again);
    }
  }
  TRY_ASSIGN(Layer * layer, std::move(added));
  if (Status status = check_ranks(*layer); !status.ok()) {
    network_->remove_layer(layer);
    return std::move(status).error();
  }
  for (size_t i = 0; i < layer->outputs().size(); ++i) {
    // A name that is taken keeps the suffix that made it unique.
    (void)network_->rename(layer->output(i), name + "_output" + (i ? "_" + std::to_string(i) : ""));
  }
  return layer;
}

std::vector<Tensor*> NetworkFacade::in_one_type(std::vector<Tensor*> inputs) {
  if (strongly_typed_) return inputs;
  const auto values_of = [](const Tensor* x) -> const Array* {
    if (x && x->producer() && x->producer()->as<Constant>()) x = x->producer()->input(0);
    return x && x->is_constant() ? &x->constant : nullptr;
  };
  const auto first =
      std::find_if(inputs.begin(), inputs.end(), [&](const Tensor* x) { return x && !values_of(x) && is_floating(x->type.type); });
  if (first == inputs.end()) return inputs;
  const DataType type = (*first)->type.type;
  for (Tensor*& x : inputs) {
    const Array* values = values_of(x);
    if (!values || !is_floating(values->type()) || values->type() == type) continue;
    if (auto converted = values->converted(type); converted.ok()) x = network_->add_constant(x->name, std::move(converted).value());
  }
  return inputs;
}

Status NetworkFacade::check_ranks(const Layer& layer) const {
  for (const Tensor* output : layer.outputs()) {
    if (output->type.rank() - lead() > WideDims::MAX_DIMS)
      return invalid("layer '" + layer.name + "': the output " + to_text(output->type.dims) + " has more than " +
                     std::to_string(WideDims::MAX_DIMS) + " dimensions");
  }
  return Ok{};
}

Result<std::unique_ptr<Network>> NetworkFacade::buildable() const {
  for (const auto& [layer, handle] : layers_) {
    TRY(handle->settle());
    TRY(handle->complete());
  }
  std::unique_ptr<Network> copy = network_->clone();
  ControlBlock::Replacements replaced;
  std::vector<const ControlBlock*> left;
  for (const auto& block : blocks_) left.push_back(block.get());
  // Inner blocks first: those around them wait until they are done.
  while (!left.empty()) {
    std::vector<const ControlBlock*> waiting;
    for (const ControlBlock* block : left) {
      TRY_ASSIGN(bool done, block->lower(*copy, replaced));
      if (!done) waiting.push_back(block);
    }
    if (waiting.size() == left.size())
      return invalid("loops and conditionals of the network cross each other; one must lie inside the other");
    left = std::move(waiting);
  }
  if (!blocks_.empty()) copy->remove_unused();
  return copy;
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
    if (implicit_batch_) core.dims.push_back(Dim::symbol(batch_symbol_));
    for (int64_t size : shape) {
      if (size < 0 && implicit_batch_)
        return invalid("the input '" + std::string(name) + "' has a dimension of -1; with an implicit batch all others are known");
    }
    for (int64_t size : shape) core.dims.push_back(size < 0 ? Dim::symbol(network_->make_symbol("d")) : Dim(size));
    TRY_ASSIGN(Tensor * tensor, network_->add_input(name, std::move(core)));
    return facade(tensor);
  });
}

void NetworkFacade::markOutput(ITensor& tensor) noexcept {
  guarded(reporter_, [&]() -> Status {
    Tensor& core = core_tensor(tensor);
    if (network_->find_tensor(core.name) != &core) return invalid("markOutput: the tensor '" + core.name + "' is of another network");
    return network_->mark_output(&core);
  });
}

void NetworkFacade::unmarkOutput(ITensor& tensor) noexcept {
  guarded(reporter_, [&] { network_->unmark_output(&core_tensor(tensor)); });
}

bool NetworkFacade::markOutputForShapes(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&] { return network_->mark_output(&core_tensor(tensor)); });
}

bool NetworkFacade::unmarkOutputForShapes(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (!core_tensor(tensor).is_output()) return invalid("unmarkOutputForShapes: '" + core_tensor(tensor).name + "' is no output");
    network_->unmark_output(&core_tensor(tensor));
    return Ok{};
  });
}

void NetworkFacade::removeTensor(ITensor& tensor) noexcept {
  guarded(reporter_, [&]() -> Status {
    const Tensor& core = core_tensor(tensor);
    if (!core.readers().empty())
      return invalid("the tensor '" + core.name + "' is still read by " + std::to_string(core.readers().size()) + " layers");
    if (core.is_output()) network_->unmark_output(&core_tensor(tensor));
    return Ok{};
  });
}

int32_t NetworkFacade::getNbLayers() const noexcept { return static_cast<int32_t>(network_->layers().size()); }

ILayer* NetworkFacade::getLayer(int32_t index) const noexcept {
  if (index < 0 || index >= getNbLayers()) return nullptr;
  return guarded(reporter_, static_cast<ILayer*>(nullptr), [&] { return facade(network_->layers()[static_cast<size_t>(index)].get()); });
}

// ---- Weights by name, debugging ----

std::vector<WeightsEntry> weights_of(const INetworkDefinition& definition, bool marked_only) {
  const auto& network = static_cast<const NetworkFacade&>(definition);
  std::vector<WeightsEntry> entries;
  std::set<const Tensor*> told;
  const auto tell = [&](const Tensor* tensor, const std::string& layer, WeightsRole role) {
    if (!tensor || !tensor->is_constant() || !told.insert(tensor).second) return;
    // Weights of imported models keep the names that the model gives them.
    const auto named = network.weight_names().find(tensor->name);
    const std::string name = named != network.weight_names().end() ? named->second : tensor->name;
    if ((marked_only || network.marks_refittable()) && !network.refittable_names().contains(name)) return;
    entries.push_back({tensor->name, layer, role, name});
  };
  for (const auto& layer : network.core().layers()) {
    const std::string_view op = layer->op().name();
    if (op == "convolution" || op == "deconvolution" || op == "fully_connected") {
      tell(layer->input(1), layer->name, WeightsRole::kKERNEL);
      tell(layer->input(2), layer->name, WeightsRole::kBIAS);
    } else if (op == "scale") {
      tell(layer->input(1), layer->name, WeightsRole::kSCALE);
      tell(layer->input(2), layer->name, WeightsRole::kSHIFT);
    } else if (op == "constant") {
      tell(layer->input(0), layer->name, WeightsRole::kCONSTANT);
    }
  }
  for (const auto& tensor : network.core().tensors()) tell(tensor.get(), "", WeightsRole::kANY);
  return entries;
}

Status NetworkFacade::note_weights_name(const void* values, std::string name) {
  bool found = false;
  for (const auto& tensor : network_->tensors()) {
    if (!tensor->is_constant() || tensor->constant.data() != values) continue;
    weight_names_[tensor->name] = name;
    found = true;
  }
  if (!found) return invalid("setWeightsName: no layer has the weights that are to be called '" + name + "'");
  return Ok{};
}

bool NetworkFacade::setWeightsName(Weights weights, char const* name) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (!name || !*name || !weights.values) return invalid("setWeightsName needs weights and a name");
    return note_weights_name(weights.values, name);
  });
}

bool NetworkFacade::markWeightsRefittable(char const* name) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    if (!name || !*name) return invalid("markWeightsRefittable needs a name");
    refittable_.insert(name);
    return Ok{};
  });
}

bool NetworkFacade::unmarkWeightsRefittable(char const* name) noexcept {
  return guarded(reporter_, false, [&]() -> bool { return name && refittable_.erase(name) > 0; });
}

bool NetworkFacade::areWeightsMarkedRefittable(char const* name) const noexcept {
  return guarded(reporter_, false, [&]() -> bool { return name && refittable_.contains(name); });
}

bool NetworkFacade::markDebug(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    const Tensor& core = core_tensor(tensor);
    if (network_->find_tensor(core.name) != &core) return invalid("markDebug: the tensor '" + core.name + "' belongs to another network");
    debug_.insert(&core);
    return Ok{};
  });
}

bool NetworkFacade::unmarkDebug(ITensor& tensor) noexcept {
  return guarded(reporter_, false, [&]() -> Status {
    debug_.erase(&core_tensor(tensor));
    return Ok{};
  });
}

bool NetworkFacade::isDebugTensor(ITensor const& tensor) const noexcept {
  return debug_.contains(static_cast<const TensorFacade&>(tensor).core());
}

DebugWishes debug_wishes(const INetworkDefinition& definition) {
  const auto& network = static_cast<const NetworkFacade&>(definition);
  DebugWishes wishes;
  for (const auto& tensor : network.core().tensors()) {
    if (network.debug_tensors().contains(tensor.get())) wishes.tensors.push_back(tensor->name);
  }
  wishes.unfused = network.shows_unfused();
  return wishes;
}

// ---- About the network ----

void NetworkFacade::setName(char const* name) noexcept {
  guarded(reporter_, [&] { network_->name = name ? name : ""; });
}
char const* NetworkFacade::getName() const noexcept { return network_->name.c_str(); }
NetworkDefinitionCreationFlags NetworkFacade::getFlags() const noexcept { return flags_; }
bool NetworkFacade::getFlag(NetworkDefinitionCreationFlag flag) const noexcept {
  if (flag == NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) return strongly_typed_;
  if (flag == NetworkDefinitionCreationFlag::kEXPLICIT_BATCH) return !implicit_batch_;
  const int bit = static_cast<int>(flag);
  return bit >= 0 && bit < 32 && (flags_ >> bit & 1u);
}
IBuilder& NetworkFacade::getBuilder() const noexcept { return builder_; }
void NetworkFacade::setErrorRecorder(IErrorRecorder* recorder) noexcept { reporter_.set_recorder(recorder); }
IErrorRecorder* NetworkFacade::getErrorRecorder() const noexcept { return reporter_.recorder(); }
bool NetworkFacade::hasImplicitBatchDimension() const noexcept { return implicit_batch_; }
bool NetworkFacade::hasExplicitPrecision() const noexcept { return getFlag(NetworkDefinitionCreationFlag::kEXPLICIT_PRECISION); }

namespace {

// The sizes of a window's output; -1 where a stride is none.
class UsualFormula final : public IOutputDimensionsFormula {
 public:
  explicit UsualFormula(bool transposed) : transposed_(transposed) {}
  DimsHW compute(DimsHW input, DimsHW kernel, DimsHW stride, DimsHW padding, DimsHW dilation, char const*) const override {
    const auto count = [&](int i) {
      const int64_t reach = dilation.d[i] * (kernel.d[i] - 1) + 1, pads = 2 * padding.d[i];
      if (transposed_) return (input.d[i] - 1) * stride.d[i] + reach - pads;
      return stride.d[i] < 1 ? -1 : (input.d[i] + pads - reach) / stride.d[i] + 1;
    };
    return DimsHW(static_cast<int32_t>(count(0)), static_cast<int32_t>(count(1)));
  }

 private:
  bool transposed_;
};

IOutputDimensionsFormula& usual_formula(bool transposed = false) {
  static UsualFormula forward(false), back(true);
  return transposed ? back : forward;
}

}  // namespace

IOutputDimensionsFormula* NetworkFacade::formula_for(nvinfer1::LayerType type) const {
  const auto found = formulas_.find(type);
  return found == formulas_.end() ? nullptr : found->second;
}

void NetworkFacade::set_formula(nvinfer1::LayerType type, IOutputDimensionsFormula* formula) noexcept {
  guarded(reporter_, [&] {
    formulas_[type] = formula;
    for (const auto& layer : network_->layers()) {
      if (LayerHandle* known = handle(layer.get()); known && known->layer()->getType() == type) known->refresh();
    }
  });
}

void NetworkFacade::setPoolingOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  set_formula(nvinfer1::LayerType::kPOOLING, formula);
}
IOutputDimensionsFormula& NetworkFacade::getPoolingOutputDimensionsFormula() const noexcept {
  IOutputDimensionsFormula* given = formula_for(nvinfer1::LayerType::kPOOLING);
  return given ? *given : usual_formula();
}
void NetworkFacade::setConvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  set_formula(nvinfer1::LayerType::kCONVOLUTION, formula);
}
IOutputDimensionsFormula& NetworkFacade::getConvolutionOutputDimensionsFormula() const noexcept {
  IOutputDimensionsFormula* given = formula_for(nvinfer1::LayerType::kCONVOLUTION);
  return given ? *given : usual_formula();
}
void NetworkFacade::setDeconvolutionOutputDimensionsFormula(IOutputDimensionsFormula* formula) noexcept {
  set_formula(nvinfer1::LayerType::kDECONVOLUTION, formula);
}
IOutputDimensionsFormula& NetworkFacade::getDeconvolutionOutputDimensionsFormula() const noexcept {
  IOutputDimensionsFormula* given = formula_for(nvinfer1::LayerType::kDECONVOLUTION);
  return given ? *given : usual_formula(true);
}

}  // namespace ingot::api
