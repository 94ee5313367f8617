#include "api/layers/normalize.h"

#include <numeric>

#include "operators/grouped_normalization.h"
#include "operators/ragged_softmax.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::ScaleMode;
using nvinfer1::Weights;

namespace {

// The shape of a scale layer's weights; an error where x does not have it yet.
Result<Shape> shape_of_weights(const Dims& x, ScaleMode mode, int64_t axis) {
  if (mode == ScaleMode::kUNIFORM) return Shape{};
  if (axis < 0 || axis >= static_cast<int64_t>(x.size()))
    return invalid("there is no channel axis " + std::to_string(axis) + " in " + to_text(x));
  const Dims dims(x.begin() + axis, mode == ScaleMode::kCHANNEL ? x.begin() + axis + 1 : x.end());
  if (!all_constant(dims)) return invalid("the dimensions from the channel axis on must be known; they are " + to_text(dims));
  return constant_shape(dims);
}

}  // namespace

ScaleMode ScaleFacade::getMode() const noexcept {
  if (mode_) return *mode_;
  const auto& inputs = current_inputs();
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (!inputs[i] || inputs[i]->type.rank() == 0) continue;
    return inputs[i]->type.rank() == 1 && rank_of_input() - op<Scale>().axis != 1 ? ScaleMode::kCHANNEL : ScaleMode::kELEMENTWISE;
  }
  return ScaleMode::kUNIFORM;
}

void ScaleFacade::setMode(ScaleMode mode) noexcept {
  if (static_cast<int>(mode) < 0 || static_cast<int>(mode) > 2)
    return network_.reporter().report(invalid("there is no ScaleMode " + std::to_string(static_cast<int>(mode))));
  mode_ = mode;
}

void ScaleFacade::set(size_t input, const Weights& weights, const char* role) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(Shape shape, shape_of_weights(current_inputs()[0]->type.dims, getMode(), op<Scale>().axis));
    return set_weights(input, weights, shape, role);
  });
}

// ---- Normalization ----

float NormalizationFacade::getEpsilon() const noexcept {
  const auto* grouped = dynamic_cast<const GroupedNormalization*>(&current_op());
  return static_cast<float>(grouped ? grouped->epsilon : op<Normalization>().epsilon);
}

int64_t NormalizationFacade::getNbGroups() const noexcept {
  if (const auto* grouped = dynamic_cast<const GroupedNormalization*>(&current_op())) return grouped->groups;
  return op<Normalization>().kind == NormalizationKind::kGroup ? op<Normalization>().groups : 1;
}

std::vector<int64_t> NormalizationFacade::axes() const {
  const auto* plain = dynamic_cast<const Normalization*>(&current_op());
  if (!plain) return axes_;
  if (plain->kind == NormalizationKind::kLayer || plain->kind == NormalizationKind::kRms) return plain->axes;
  std::vector<int64_t> spatial(static_cast<size_t>(std::max<int64_t>(0, rank_of_input() - 2)));
  std::iota(spatial.begin(), spatial.end(), 2);
  return spatial;
}

uint32_t NormalizationFacade::getAxes() const noexcept { return bits_of_axes(axes(), rank_of_input(), network_.lead()); }

void NormalizationFacade::rebuild(int64_t groups, const std::vector<int64_t>& axes, double epsilon) {
  axes_ = axes;
  if (groups != 1) {
    auto op = std::make_unique<GroupedNormalization>();
    op->groups = groups;
    op->epsilon = epsilon;
    return change(std::move(op), current_inputs());
  }
  auto op = std::make_unique<Normalization>();
  op->axes = axes;
  op->epsilon = epsilon;
  change(std::move(op), current_inputs());
}

void NormalizationFacade::setEpsilon(float epsilon) noexcept {
  if (!takes_number("setEpsilon", epsilon)) return;
  guarded(network_.reporter(), [&] {
    auto op = current_op().clone();
    (void)op->set_field("epsilon", static_cast<double>(epsilon));
    change(std::move(op), current_inputs());
  });
}

void NormalizationFacade::setAxes(uint32_t axes) noexcept {
  if (!takes_axes("setAxes", axes)) return;
  guarded(network_.reporter(), [&] { rebuild(getNbGroups(), axes_of(axes, network_.lead()), getEpsilon()); });
}

void NormalizationFacade::setNbGroups(int64_t groups) noexcept {
  if (!takes(groups > 0, "setNbGroups", groups)) return;
  guarded(network_.reporter(), [&] { rebuild(groups, axes(), getEpsilon()); });
}

void NormalizationFacade::setComputePrecision(nvinfer1::DataType type) noexcept {
  if (type != nvinfer1::DataType::kFLOAT && type != nvinfer1::DataType::kHALF)
    return network_.reporter().report(invalid("setComputePrecision: kFLOAT and kHALF are possible"));
  compute_ = type;
}

// ---- Cumulative, einsum ----

void CumulativeFacade::setInput(int32_t index, ITensor& tensor) noexcept {
  if (index != 1) return LayerFacade::setInput(index, tensor);
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(std::vector<int64_t> axis, known_values(core_tensor(tensor), "the axis of a cumulative layer"));
    if (axis.size() != 1) return invalid("the axis of a cumulative layer is one number");
    axis_ = &core_tensor(tensor);
    edit<Cumulative>([&](Cumulative& op) { op.axis = axis[0] < 0 ? axis[0] : axis[0] + network_.lead(); });
    return Ok{};
  });
}

bool CumulativeFacade::setOperation(nvinfer1::CumulativeOperation operation) noexcept {
  return operation == nvinfer1::CumulativeOperation::kSUM;
}

bool EinsumFacade::setEquation(char const* equation) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Status {
    if (!equation) return invalid("setEquation: the equation is null");
    const std::string before = op<Einsum>().equation;
    const bool fitted = !is_waiting();
    edit<Einsum>([&](Einsum& op) { op.equation = equation; });
    if (!is_waiting()) return Ok{};
    if (fitted) edit<Einsum>([&](Einsum& op) { op.equation = before; });
    return invalid("layer '" + layer_->name + "': the equation '" + std::string(equation) + "' does not fit the inputs");
  });
}

std::unique_ptr<LayerHandle> make_normalize_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<Scale>()) return std::make_unique<ScaleFacade>(network, layer, LayerType::kSCALE);
  if (layer->as<Lrn>()) return std::make_unique<LrnFacade>(network, layer, LayerType::kLRN);
  if (layer->as<Normalization>() || layer->as<GroupedNormalization>())
    return std::make_unique<NormalizationFacade>(network, layer, LayerType::kNORMALIZATION);
  if (layer->as<Cumulative>()) return std::make_unique<CumulativeFacade>(network, layer, LayerType::kCUMULATIVE);
  if (layer->as<Einsum>()) return std::make_unique<EinsumFacade>(network, layer, LayerType::kEINSUM);
  if (layer->as<RaggedSoftmax>())
    return std::make_unique<SettinglessFacade<nvinfer1::IRaggedSoftMaxLayer>>(network, layer, LayerType::kRAGGED_SOFTMAX);
  return nullptr;
}

// ---- Adding ----

nvinfer1::IScaleLayer* NetworkFacade::addScaleNd(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power,
                                                 int32_t axis) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IScaleLayer*>(nullptr), [&]() -> Result<nvinfer1::IScaleLayer*> {
    if (static_cast<int>(mode) < 0 || static_cast<int>(mode) > 2)
      return invalid("addScale: there is no ScaleMode " + std::to_string(static_cast<int>(mode)));
    Tensor& x = core_tensor(input);
    auto op = std::make_unique<Scale>();
    op->axis = axis + lead();
    TRY_ASSIGN(Shape shape, shape_of_weights(x.type.dims, mode, op->axis).within("addScale"));
    std::vector<Tensor*> inputs{&x};
    const std::pair<const Weights*, const char*> roles[] = {{&scale, "scale"}, {&shift, "shift"}, {&power, "power"}};
    for (const auto& [weights, role] : roles) {
      inputs.push_back(nullptr);
      if (weights->count == 0) continue;
      TRY_ASSIGN(Array values, to_array(*weights, shape).within(std::string("addScale: ") + role));
      inputs.back() = network_->add_constant(role, std::move(values));
    }
    while (!inputs.back()) inputs.pop_back();
    auto* layer = add<nvinfer1::IScaleLayer>(std::move(op), inputs, "Scale");
    if (layer) layer->setMode(mode);
    return layer;
  });
}

nvinfer1::IScaleLayer* NetworkFacade::addScale(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power) noexcept {
  return addScaleNd(input, mode, shift, scale, power, implicit_batch_ ? 0 : 1);
}

nvinfer1::ILRNLayer* NetworkFacade::addLRN(ITensor& input, int64_t window, float alpha, float beta, float k) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ILRNLayer*>(nullptr), [&]() -> nvinfer1::ILRNLayer* {
    if (window < 1 || window % 2 == 0) {
      reporter_.report(invalid("addLRN: the window is " + std::to_string(window) + "; it is odd and positive"));
      return nullptr;
    }
    auto op = std::make_unique<Lrn>();
    op->size = window;
    op->alpha = alpha;
    op->beta = beta;
    op->k = k;
    return add<nvinfer1::ILRNLayer>(std::move(op), {&core_tensor(input)}, "LRN");
  });
}

nvinfer1::INormalizationLayer* NetworkFacade::addNormalization(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axes) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::INormalizationLayer*>(nullptr), [&]() -> nvinfer1::INormalizationLayer* {
    auto op = std::make_unique<Normalization>();
    op->axes = axes_of(axes, lead());
    // Scale and bias may only fit once the groups are set.
    auto* layer = add<nvinfer1::INormalizationLayer>(std::move(op), {&core_tensor(input)}, "Normalization");
    if (layer) static_cast<NormalizationFacade*>(layer)->begin(&core_tensor(scale), &core_tensor(bias));
    return layer;
  });
}

nvinfer1::INormalizationLayer* NetworkFacade::addNormalizationV2(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axes) noexcept {
  auto* layer = addNormalization(input, scale, bias, axes);
  if (layer) static_cast<NormalizationFacade*>(layer)->set_v2();
  return layer;
}

nvinfer1::ICumulativeLayer* NetworkFacade::addCumulative(ITensor& input, ITensor& axis, nvinfer1::CumulativeOperation operation,
                                                         bool exclusive, bool reverse) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ICumulativeLayer*>(nullptr), [&]() -> Result<nvinfer1::ICumulativeLayer*> {
    if (operation != nvinfer1::CumulativeOperation::kSUM) return invalid("addCumulative: there is no such CumulativeOperation");
    TRY_ASSIGN(std::vector<int64_t> number, known_values(core_tensor(axis), "addCumulative: the axis"));
    if (number.size() != 1) return invalid("addCumulative: the axis is one number");
    auto op = std::make_unique<Cumulative>();
    op->axis = number[0] < 0 ? number[0] : number[0] + lead();
    op->exclusive = exclusive;
    op->reverse = reverse;
    auto* layer = add<nvinfer1::ICumulativeLayer>(std::move(op), {&core_tensor(input)}, "Cumulative");
    if (layer) static_cast<CumulativeFacade*>(layer)->note_axis(&core_tensor(axis));
    return layer;
  });
}

nvinfer1::IEinsumLayer* NetworkFacade::addEinsum(ITensor* const* inputs, int32_t count, char const* equation) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IEinsumLayer*>(nullptr), [&]() -> Result<nvinfer1::IEinsumLayer*> {
    if (!equation || !inputs || count < 1) return invalid("addEinsum needs an equation and at least one input");
    std::vector<Tensor*> tensors;
    for (int32_t i = 0; i < count; ++i) {
      if (!inputs[i]) return invalid("addEinsum: input " + std::to_string(i) + " is null");
      tensors.push_back(&core_tensor(*inputs[i]));
    }
    return add<nvinfer1::IEinsumLayer>(std::make_unique<Einsum>(equation), tensors, "Einsum");
  });
}

nvinfer1::IRaggedSoftMaxLayer* NetworkFacade::addRaggedSoftMax(ITensor& input, ITensor& bounds) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IRaggedSoftMaxLayer*>(nullptr), [&]() -> nvinfer1::IRaggedSoftMaxLayer* {
    return add<nvinfer1::IRaggedSoftMaxLayer>(std::make_unique<RaggedSoftmax>(), {&core_tensor(input), &core_tensor(bounds)},
                                              "RaggedSoftMax");
  });
}

}  // namespace ingot::api
