#include "api/layers/window.h"

#include "api/adapters/plugin_adapter.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::PoolingType;
using nvinfer1::Weights;

Result<PoolKind> to_core(PoolingType type) {
  switch (type) {
    case PoolingType::kMAX: return PoolKind::kMax;
    case PoolingType::kAVERAGE: return PoolKind::kAverage;
    case PoolingType::kMAX_AVERAGE_BLEND: return PoolKind::kBlend;
  }
  return invalid("there is no PoolingType " + std::to_string(static_cast<int>(type)));
}

void PoolingFacade::setPoolingType(PoolingType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok()) return network_.reporter().report(core.error());
  edit<Pool>([&](Pool& pool) { pool.kind = *core; });
}

PoolingType PoolingFacade::getPoolingType() const noexcept {
  switch (op<Pool>().kind) {
    case PoolKind::kAverage: return PoolingType::kAVERAGE;
    case PoolKind::kBlend: return PoolingType::kMAX_AVERAGE_BLEND;
    default: return PoolingType::kMAX;
  }
}

// ---- Padding ----

namespace {

Result<std::vector<int64_t>> pads_of(int64_t rank, const WideDims& before, const WideDims& after) {
  if (rank < 2 || before.nbDims != 2 || after.nbDims != 2)
    return invalid("padding is for the last two dimensions of a tensor; two extents are wanted");
  std::vector<int64_t> pads(static_cast<size_t>(2 * rank), 0);
  for (int i = 0; i < 2; ++i) {
    pads[static_cast<size_t>(rank - 2 + i)] = before.d[i];
    pads[static_cast<size_t>(2 * rank - 2 + i)] = after.d[i];
  }
  return pads;
}

}  // namespace

void PaddingFacade::set(const WideDims& dims, bool before) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(std::vector<int64_t> pads, pads_of(rank_of_input(), before ? dims : get(true), before ? get(false) : dims));
    edit<Pad>([&](Pad& pad) { pad.pads = pads; });
    return Ok{};
  });
}

WideDims PaddingFacade::get(bool before) const noexcept {
  const auto& pads = op<Pad>().pads;
  const size_t rank = pads.size() / 2, end = before ? rank : 2 * rank;
  return rank < 2 ? invalid_dims() : to_api(Shape{pads[end - 2], pads[end - 1]});
}

namespace {

// What the formula says for a window over height and width that are known; nothing for others.
Result<std::optional<Shape>> sizes_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer,
                                              const Dims& input, const Shape& taps, const Window& window) {
  if (input.size() != 4 || taps.size() != 2 || !input[2].is_constant() || !input[3].is_constant()) return std::optional<Shape>();
  const auto pair = [](int64_t high, int64_t wide) { return WideDims{2, {high, wide}}; };
  WideDims told{};
  TRY(call_plugin("layer '" + layer + "': the formula for its output's dimensions", [&] {
    told = formula.compute64_(pair(input[2].value(), input[3].value()), pair(taps[0], taps[1]), pair(window.stride(0), window.stride(1)),
                              pair(window.pad_begin(0), window.pad_begin(1)), pair(window.dilation(0), window.dilation(1)), layer.c_str());
  }));
  if (told.nbDims != 2 || told.d[0] < 1 || told.d[1] < 1)
    return invalid("layer '" + layer + "': the formula for its output's dimensions gives " + std::to_string(told.d[0]) + " x " +
                   std::to_string(told.d[1]));
  return std::optional<Shape>(Shape{told.d[0], told.d[1]});
}

int64_t reach(const Window& window, const Shape& taps, size_t d) { return (taps[d] - 1) * window.dilation(d) + 1; }

// The pads at the end with which windows, rounded down, are as many as `wanted`: those at the beginning where they do.
std::vector<int64_t> pads_for_counts(const Window& window, const Dims& input, const Shape& taps, const Shape& wanted) {
  std::vector<int64_t> pads;
  for (size_t d = 0; d < 2; ++d) {
    const int64_t length = input[d + 2].value() + window.pad_begin(d), same = length + window.pad_begin(d) - reach(window, taps, d);
    const int64_t needed = (wanted[d] - 1) * window.stride(d) + reach(window, taps, d) - length;
    pads.push_back(same >= 0 && same / window.stride(d) + 1 == wanted[d] ? window.pad_begin(d) : needed);
  }
  return pads;
}

}  // namespace

Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Convolution& op) {
  TRY_ASSIGN(const std::optional<Shape> wanted, sizes_by_formula(formula, layer, input, taps, op));
  if (wanted) op.pads_end = pads_for_counts(op, input, taps, *wanted);
  return Ok{};
}

// Sizes that are those of windows rounded up come from windows rounded up: an average then counts as it does there.
Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Pool& op) {
  TRY_ASSIGN(const std::optional<Shape> wanted, sizes_by_formula(formula, layer, input, taps, op));
  if (!wanted) return Ok{};
  op.pads_end = {op.pad_begin(0), op.pad_begin(1)};
  for (const bool round_up : {false, true}) {
    op.ceil_mode = round_up;
    const auto counts = op.window_counts(Dims(input.begin() + 2, input.end()), taps, round_up);
    if (counts.ok() && (*counts)[0].is((*wanted)[0]) && (*counts)[1].is((*wanted)[1])) return Ok{};
  }
  op.ceil_mode = false;
  op.pads_end = pads_for_counts(op, input, taps, *wanted);
  return Ok{};
}

Status pads_by_formula(const nvinfer1::IOutputDimensionsFormula& formula, const std::string& layer, const Dims& input, const Shape& taps,
                       Deconvolution& op) {
  TRY_ASSIGN(const std::optional<Shape> wanted, sizes_by_formula(formula, layer, input, taps, op));
  if (!wanted) return Ok{};
  op.pads_end.clear();
  op.output_padding.clear();
  for (size_t d = 0; d < 2; ++d) {
    const int64_t whole = (input[d + 2].value() - 1) * op.stride(d) + reach(op, taps, d) - op.pad_begin(d), cut = whole - (*wanted)[d];
    op.pads_end.push_back(std::max<int64_t>(cut, 0));
    op.output_padding.push_back(std::max<int64_t>(-cut, 0));
  }
  return Ok{};
}

std::unique_ptr<LayerHandle> make_window_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<Convolution>()) return std::make_unique<ConvolutionFacade>(network, layer, LayerType::kCONVOLUTION);
  if (layer->as<Deconvolution>()) return std::make_unique<DeconvolutionFacade>(network, layer, LayerType::kDECONVOLUTION);
  if (layer->as<Pool>() && layer->as<Pool>()->kind != PoolKind::kLp)
    return std::make_unique<PoolingFacade>(network, layer, LayerType::kPOOLING);
  if (const auto* pad = layer->as<Pad>()) {
    bool last_two = pad->mode == PadMode::kConstant && pad->value == 0 && layer->inputs().size() == 1 && pad->pads.size() >= 4;
    const size_t rank = pad->pads.size() / 2;
    for (size_t i = 0; last_two && i < 2 * rank; ++i) last_two = i % rank + 2 >= rank || pad->pads[i] == 0;
    if (last_two) return std::make_unique<PaddingFacade>(network, layer, LayerType::kPADDING);
  }
  return nullptr;
}

// ---- Adding ----

namespace {

// A new layer, as the program's formula wants it.
template <class Interface>
Interface* adjusted(const NetworkFacade& network, Interface* layer) {
  if (layer && network.formula_for(layer->getType())) network.handle(network.core().layers().back().get())->refresh();
  return layer;
}

struct WindowWeights {
  Array kernel;
  int64_t groups = 1;
};

// The kernel of a (de)convolution. Fewer weights than all channels take mean groups, which setNbGroups confirms; none at all, that a
// tensor will give them.
Result<WindowWeights> window_weights(const Tensor& x, int64_t maps, const Shape& taps, const Weights& weights, bool transposed) {
  if (x.type.rank() != static_cast<int64_t>(taps.size()) + 2 || !x.type.dims[1].is_constant())
    return invalid("the input " + to_text(x.type.dims) + " does not fit a kernel of " + to_text(taps) +
                   "; it is [N, C, spatial...] with a known C");
  TRY_ASSIGN(int64_t tap_count, volume(taps));
  const int64_t channels = x.type.dims[1].value();
  if (maps < 1 || tap_count < 1) return invalid("output maps and kernel sizes are positive");
  if (weights.count < 0) return invalid("the weights have a count of " + std::to_string(weights.count));
  WindowWeights result;
  // Values of one group: channels / groups * maps (or maps / groups * channels, which is as many).
  int64_t share = channels;
  if (weights.count > 0) {
    share = weights.count / (maps * tap_count);
    if (share < 1 || share * maps * tap_count != weights.count || channels % share != 0)
      return invalid(std::to_string(weights.count) + " weights are given; " + std::to_string(maps) + " maps of " +
                     std::to_string(channels) + " channels and a kernel " + to_text(taps) + " need " +
                     std::to_string(maps * channels * tap_count));
  }
  result.groups = channels / share;
  if (transposed && maps % result.groups != 0)
    return invalid(std::to_string(maps) + " maps do not divide into " + std::to_string(result.groups) + " groups");
  Shape shape = transposed ? Shape{channels, maps / result.groups} : Shape{maps, share};
  shape.insert(shape.end(), taps.begin(), taps.end());
  if (weights.count > 0) {
    TRY_ASSIGN(result.kernel, to_array(weights, shape));
  } else {
    TRY_ASSIGN(result.kernel, Array::make(x.type.type, shape));
  }
  return result;
}

template <class Op>
Result<std::pair<std::unique_ptr<Op>, std::vector<Tensor*>>> weighted_window(Network& network, Tensor& x, int64_t maps,
                                                                             const WideDims& kernel, const Weights& weights,
                                                                             const Weights& bias) {
  TRY_ASSIGN(Shape taps, to_shape(kernel));
  TRY_ASSIGN(WindowWeights made, window_weights(x, maps, taps, weights, std::is_same_v<Op, Deconvolution>));
  auto op = std::make_unique<Op>();
  op->groups = made.groups;
  std::vector<Tensor*> inputs{&x, network.add_constant("kernel", std::move(made.kernel))};
  if (bias.count > 0) {
    TRY_ASSIGN(Array values, to_array(bias, {maps}));
    inputs.push_back(network.add_constant("bias", std::move(values)));
  }
  return std::pair{std::move(op), std::move(inputs)};
}

}  // namespace

nvinfer1::IConvolutionLayer* NetworkFacade::addConvolutionNd64_(ITensor& input, int64_t maps, WideDims const& kernel, Weights weights,
                                                                Weights bias) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IConvolutionLayer*>(nullptr), [&]() -> Result<nvinfer1::IConvolutionLayer*> {
    TRY_ASSIGN(auto made,
               weighted_window<Convolution>(*network_, core_tensor(input), maps, kernel, weights, bias).within("addConvolutionNd"));
    return adjusted(*this, add<nvinfer1::IConvolutionLayer>(std::move(made.first), std::move(made.second), "Convolution"));
  });
}

nvinfer1::IDeconvolutionLayer* NetworkFacade::addDeconvolutionNd64_(ITensor& input, int64_t maps, WideDims const& kernel, Weights weights,
                                                                    Weights bias) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IDeconvolutionLayer*>(nullptr), [&]() -> Result<nvinfer1::IDeconvolutionLayer*> {
    TRY_ASSIGN(auto made,
               weighted_window<Deconvolution>(*network_, core_tensor(input), maps, kernel, weights, bias).within("addDeconvolutionNd"));
    return adjusted(*this, add<nvinfer1::IDeconvolutionLayer>(std::move(made.first), std::move(made.second), "Deconvolution"));
  });
}

nvinfer1::IPoolingLayer* NetworkFacade::addPoolingNd64_(ITensor& input, PoolingType type, WideDims const& window) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPoolingLayer*>(nullptr), [&]() -> Result<nvinfer1::IPoolingLayer*> {
    auto op = std::make_unique<Pool>();
    TRY_ASSIGN(op->kind, to_core(type));
    TRY_ASSIGN(op->kernel, to_shape(window));
    return adjusted(*this, add<nvinfer1::IPoolingLayer>(std::move(op), {&core_tensor(input)}, "Pooling"));
  });
}

nvinfer1::IPaddingLayer* NetworkFacade::addPaddingNd64_(ITensor& input, WideDims const& before, WideDims const& after) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPaddingLayer*>(nullptr), [&]() -> Result<nvinfer1::IPaddingLayer*> {
    auto op = std::make_unique<Pad>();
    TRY_ASSIGN(op->pads, pads_of(core_tensor(input).type.rank(), before, after).within("addPaddingNd"));
    return add<nvinfer1::IPaddingLayer>(std::move(op), {&core_tensor(input)}, "Padding");
  });
}

}  // namespace ingot::api
