#include "api/layers/shape.h"

#include <algorithm>
#include <numeric>

#include "operators/elementwise.h"
#include "operators/expand.h"
#include "operators/flatten.h"
#include "operators/reshape.h"
#include "operators/shape.h"
#include "operators/squeeze.h"
#include "operators/transpose.h"
#include "operators/unsqueeze.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::Permutation;

// ---- Shuffle ----

Shuffle ShuffleFacade::shuffle() const {
  if (const auto* own = dynamic_cast<const Shuffle*>(&current_op())) return *own;
  Shuffle result;
  if (const auto* transpose = dynamic_cast<const Transpose*>(&current_op())) {
    result.first = transpose->permutation;
    for (int64_t i = rank_of_input(); result.first.empty() && i-- > 0;) result.first.push_back(i);
    return result;
  }
  // A reshape of some kind: the output's dims say it, with -1 for one that is open.
  result.reshapes = true;
  result.zero_copies = false;
  for (const Dim& dim : layer_->output()->type.dims) result.dims.push_back(dim.constant().value_or(-1));
  if (const auto* reshape = dynamic_cast<const Reshape*>(&current_op())) {
    result.zero_copies = reshape->zero_copies;
    if (all_constant(reshape->dims.dims) && !reshape->dims.empty()) result.dims = constant_shape(reshape->dims.dims);
  }
  return result;
}

void ShuffleFacade::set(std::vector<int64_t> Shuffle::*list, const Permutation& permutation, int64_t rank) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    const int64_t count = std::min<int64_t>(rank - network_.lead(), WideDims::MAX_DIMS);
    uint32_t seen = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int32_t axis = permutation.order[i];
      if (axis < 0 || axis >= count || (seen >> axis & 1u))
        return invalid("layer '" + layer_->name + "': entry " + std::to_string(i) + " of the permutation is " + std::to_string(axis) +
                       "; each of 0 to " + std::to_string(count - 1) + " is wanted once");
      seen |= 1u << axis;
    }
    auto fresh = std::make_unique<Shuffle>(shuffle());
    auto& order = (*fresh).*list;
    order.clear();
    const int64_t lead = network_.lead();
    for (int64_t i = 0; i < rank; ++i) order.push_back(i < lead ? i : permutation.order[i - lead] + lead);
    change(std::move(fresh), current_inputs());
    return Ok{};
  });
}

void ShuffleFacade::setSecondTranspose(Permutation permutation) noexcept {
  const Shuffle now = shuffle();
  const auto& inputs = current_inputs();
  int64_t rank = now.reshapes ? static_cast<int64_t>(now.dims.size()) : rank_of_input();
  if (inputs.size() > 1 && inputs[1] && inputs[1]->type.rank() == 1 && inputs[1]->type.dims[0].is_constant())
    rank = inputs[1]->type.dims[0].value();
  set(&Shuffle::second, permutation, rank);
}

void ShuffleFacade::setZeroIsPlaceholder(bool placeholder) noexcept {
  guarded(network_.reporter(), [&] {
    auto fresh = std::make_unique<Shuffle>(shuffle());
    fresh->zero_copies = placeholder;
    change(std::move(fresh), current_inputs());
  });
}

void ShuffleFacade::setReshapeDimensions64_(WideDims const& dims) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(Shape shape, to_shape(dims));
    if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < -1; }))
      return invalid("layer '" + layer_->name + "': setReshapeDimensions does not take " + to_text(shape) +
                     "; sizes are -1, 0 or positive");
    auto fresh = std::make_unique<Shuffle>(shuffle());
    fresh->reshapes = true;
    fresh->dims = shape;
    // The batch in front stays as it is.
    if (network_.lead()) {
      fresh->dims.insert(fresh->dims.begin(), 0);
      fresh->zero_copies = true;
    }
    if (fresh->second.size() != fresh->dims.size()) fresh->second.clear();
    change(std::move(fresh), {current_inputs()[0]});
    return Ok{};
  });
}

WideDims ShuffleFacade::getReshapeDimensions64_() const noexcept {
  const Shuffle now = shuffle();
  if (!now.reshapes || (current_inputs().size() > 1 && current_inputs()[1])) return invalid_dims();
  return to_api(Shape(now.dims.begin() + network_.lead(), now.dims.end()));
}

Permutation ShuffleFacade::get(const std::vector<int64_t>& list) const noexcept {
  Permutation permutation{};
  const auto lead = static_cast<size_t>(network_.lead());
  for (size_t i = 0; i < WideDims::MAX_DIMS; ++i)
    permutation.order[i] =
        static_cast<int32_t>(i + lead < list.size() ? list[i + lead] - static_cast<int64_t>(lead) : static_cast<int64_t>(i));
  return permutation;
}

// ---- Slice ----

namespace {

SliceMode to_core(nvinfer1::SampleMode mode) {
  switch (mode) {
    case nvinfer1::SampleMode::kWRAP: return SliceMode::kWrap;
    case nvinfer1::SampleMode::kCLAMP: return SliceMode::kClamp;
    case nvinfer1::SampleMode::kFILL: return SliceMode::kFill;
    case nvinfer1::SampleMode::kREFLECT: return SliceMode::kReflect;
    default: return SliceMode::kDefault;
  }
}

nvinfer1::SampleMode to_api(SliceMode mode) {
  switch (mode) {
    case SliceMode::kWrap: return nvinfer1::SampleMode::kWRAP;
    case SliceMode::kClamp: return nvinfer1::SampleMode::kCLAMP;
    case SliceMode::kFill: return nvinfer1::SampleMode::kFILL;
    case SliceMode::kReflect: return nvinfer1::SampleMode::kREFLECT;
    default: return nvinfer1::SampleMode::kSTRICT_BOUNDS;
  }
}

}  // namespace

SliceFacade::SliceFacade(NetworkFacade& network, Layer* layer, LayerType type) : LayerFacade(network, layer, type) {
  numbers_.fill(invalid_dims());
  const Dims &in = layer->input(0)->type.dims, &out = layer->output()->type.dims;
  const auto ones = [](size_t count) { return ingot::api::to_api(Shape(count, 1)); };
  if (const auto* slice = layer->as<Slice>()) {
    mode_ = to_api(slice->mode);
    for (size_t i = 1; i < 5; ++i) tensors_[i] = layer->input(i);
    if (slice->sized) {
      numbers_ = {invalid_dims(), ingot::api::to_api(Shape(slice->starts)), ingot::api::to_api(Shape(slice->ends)),
                  slice->steps.empty() ? ones(slice->starts.size()) : ingot::api::to_api(Shape(slice->steps))};
      if (!slice->axes.empty()) axes_ = ingot::api::to_api(Shape(slice->axes));
    } else if (all_constant(in) && layer->inputs().size() == 1) {
      if (const auto window = slice->window(constant_shape(in)); window.ok())
        numbers_ = {invalid_dims(), ingot::api::to_api(window->start), ingot::api::to_api(window->size), ingot::api::to_api(window->step)};
    }
    return;
  }
  Shape start(in.size(), 0), stride(in.size(), 1);
  if (const auto* pad = layer->as<Pad>()) {
    constexpr SliceMode kModes[] = {SliceMode::kFill, SliceMode::kClamp, SliceMode::kReflect, SliceMode::kWrap};
    mode_ = to_api(kModes[static_cast<int>(pad->mode)]);
    for (size_t i = 0; i < in.size() && i < pad->pads.size() / 2; ++i) start[i] = -pad->pads[i];
  } else if (layer->as<Expand>()) {
    stride.assign(out.size(), 1);
    start.assign(out.size(), 0);
    const size_t extra = out.size() - in.size();
    for (size_t i = 0; i < out.size(); ++i) stride[i] = i < extra || (in[i - extra].is(1) && !out[i].is(1)) ? 0 : 1;
  } else {
    mode_ = nvinfer1::SampleMode::kWRAP;
  }
  numbers_ = {invalid_dims(), ingot::api::to_api(start), ingot::api::to_api(out), ingot::api::to_api(stride)};
}

int32_t SliceFacade::getNbInputs() const noexcept {
  int32_t count = 1;
  for (int32_t i = 1; i < 5; ++i) {
    if (tensors_[static_cast<size_t>(i)]) count = i + 1;
  }
  return count;
}

ITensor* SliceFacade::getInput(int32_t index) const noexcept {
  if (index == 0) return LayerFacade::getInput(0);
  return index < 0 || index > 4 ? nullptr : network_.facade(tensors_[static_cast<size_t>(index)]);
}

void SliceFacade::setInput(int32_t index, ITensor& tensor) noexcept {
  if (index == 0) return LayerFacade::setInput(0, tensor);
  guarded(network_.reporter(), [&]() -> Status {
    if (index < 0 || index > 5) return invalid("layer '" + layer_->name + "' has no input " + std::to_string(index));
    if (index == 5) {
      TRY_ASSIGN(std::vector<int64_t> axes, known_values(core_tensor(tensor), "the axes of a slice"));
      axes_ = ingot::api::to_api(Shape(axes));
    } else {
      tensors_[static_cast<size_t>(index)] = &core_tensor(tensor);
    }
    return rebuild();
  });
}

void SliceFacade::setMode(nvinfer1::SampleMode mode) noexcept {
  if (!takes_word("setMode", mode)) return;
  guarded(network_.reporter(), [&] {
    mode_ = mode;
    return rebuild();
  });
}

void SliceFacade::begin(const WideDims& start, const WideDims& size, const WideDims& stride) {
  numbers_ = {invalid_dims(), start, size, stride};
  guarded(network_.reporter(), [&] { return rebuild(); });
}

void SliceFacade::set(size_t index, const WideDims& dims) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (dims.nbDims < 0 || dims.nbDims > WideDims::MAX_DIMS)
      return invalid("layer '" + layer_->name + "': a slice has 0 to 8 extents; got " + std::to_string(dims.nbDims));
    numbers_[index] = dims;
    tensors_[index] = nullptr;
    return rebuild();
  });
}

void SliceFacade::setAxes64_(WideDims const& dims) noexcept {
  guarded(network_.reporter(), [&] {
    axes_ = dims;
    return rebuild();
  });
}

Status SliceFacade::rebuild() {
  Tensor* x = current_inputs()[0];
  auto op = std::make_unique<Slice>();
  op->sized = true;
  op->mode = to_core(mode_);
  const int64_t lead = network_.lead();
  if (axes_.nbDims > 0) {
    for (int i = 0; i < axes_.nbDims; ++i) op->axes.push_back(axes_.d[i] < 0 ? axes_.d[i] : axes_.d[i] + lead);
  } else if (lead) {
    for (int64_t i = lead; i < x->type.rank(); ++i) op->axes.push_back(i);
  }
  std::vector<int64_t>* const lists[] = {nullptr, &op->starts, &op->ends, &op->steps};
  for (size_t i = 1; i < 4; ++i) lists[i]->assign(numbers_[i].d, numbers_[i].d + std::max(0, numbers_[i].nbDims));
  // The core's inputs have no gaps, so what is given as numbers becomes constants in front of a tensor.
  std::vector<Tensor*> inputs{x};
  const size_t last = std::max(static_cast<size_t>(getNbInputs()), std::min<size_t>(layer_->inputs().size(), 4));
  for (size_t i = 1; i < last; ++i) {
    if (tensors_[i]) {
      inputs.push_back(tensors_[i]);
    } else if (i < 4) {
      inputs.push_back(network_.core().add_constant(layer_->name + ".numbers", Array::from_int64s(*lists[i])));
    }
  }
  change(std::move(op), std::move(inputs));
  return Ok{};
}

std::unique_ptr<LayerHandle> make_shape_facade(NetworkFacade& network, Layer* layer) {
  const std::string_view name = layer->op().name();
  if (layer->as<Concat>()) return std::make_unique<ConcatenationFacade>(network, layer, LayerType::kCONCATENATION);
  if (layer->as<Constant>()) return std::make_unique<ConstantFacade>(network, layer, LayerType::kCONSTANT);
  if (layer->as<Shuffle>() || layer->as<Reshape>() || layer->as<Transpose>() || layer->as<Flatten>())
    return std::make_unique<ShuffleFacade>(network, layer, LayerType::kSHUFFLE);
  if (layer->as<ShapeOf>()) return std::make_unique<SettinglessFacade<nvinfer1::IShapeLayer>>(network, layer, LayerType::kSHAPE);
  if (layer->as<Slice>() || layer->as<Expand>() || name == "pad" || name == "tile")
    return std::make_unique<SliceFacade>(network, layer, LayerType::kSLICE);
  if (layer->as<Squeeze>()) return std::make_unique<AxesFacade<nvinfer1::ISqueezeLayer, Squeeze>>(network, layer, LayerType::kSQUEEZE);
  if (layer->as<Unsqueeze>())
    return std::make_unique<AxesFacade<nvinfer1::IUnsqueezeLayer, Unsqueeze>>(network, layer, LayerType::kUNSQUEEZE);
  if (name == "linspace" || name == "random" || name == "fill" || name == "range")
    return std::make_unique<FillFacade>(network, layer, LayerType::kFILL);
  if (layer->as<Assertion>()) return std::make_unique<AssertionFacade>(network, layer, LayerType::kASSERTION);
  return nullptr;
}

// ---- Adding ----

nvinfer1::IShuffleLayer* NetworkFacade::addShuffle(ITensor& input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IShuffleLayer*>(nullptr), [&]() -> nvinfer1::IShuffleLayer* {
    return add<nvinfer1::IShuffleLayer>(std::make_unique<Shuffle>(), {&core_tensor(input)}, "Shuffle");
  });
}

nvinfer1::IConcatenationLayer* NetworkFacade::addConcatenation(ITensor* const* inputs, int32_t count) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IConcatenationLayer*>(nullptr), [&]() -> Result<nvinfer1::IConcatenationLayer*> {
    if (!inputs || count < 1) return invalid("a concatenation needs at least one input");
    std::vector<Tensor*> tensors;
    for (int32_t i = 0; i < count; ++i) {
      if (!inputs[i]) return invalid("input " + std::to_string(i) + " of the concatenation is null");
      tensors.push_back(&core_tensor(*inputs[i]));
      const TensorType &first = tensors[0]->type, &own = tensors.back()->type;
      const bool hints = !strongly_typed() && is_floating(first.type) && is_floating(own.type);
      if (own.rank() != first.rank() || (own.type != first.type && !hints))
        return invalid("addConcatenation: input " + std::to_string(i) + " is " + own.text() + ", input 0 is " + first.text() +
                       "; types and numbers of dimensions must agree");
    }
    const int64_t axis = lead() + std::max<int64_t>(0, tensors[0]->type.rank() - lead() - 3);
    // The axis may only fit once it is set, so the layer begins with one input.
    auto* layer = add<nvinfer1::IConcatenationLayer>(std::make_unique<Concat>(axis), {tensors[0]}, "Concatenation");
    if (layer && count > 1) {
      for (int32_t i = 1; i < count; ++i) layer->setInput(i, *inputs[i]);
    }
    return layer;
  });
}

nvinfer1::IShapeLayer* NetworkFacade::addShape(ITensor& input) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IShapeLayer*>(nullptr), [&]() -> nvinfer1::IShapeLayer* {
    if (implicit_batch_) {
      reporter_.report(invalid("addShape: a network with an implicit batch has no shape tensors; create it with kEXPLICIT_BATCH"));
      return nullptr;
    }
    auto op = std::make_unique<ShapeOf>();
    op->to = major_ >= 10 ? DataType::kInt64 : DataType::kInt32;
    return add<nvinfer1::IShapeLayer>(std::move(op), {&core_tensor(input)}, "Shape");
  });
}

nvinfer1::ISliceLayer* NetworkFacade::addSlice64_(ITensor& input, WideDims const& start, WideDims const& size,
                                                  WideDims const& stride) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ISliceLayer*>(nullptr), [&]() -> nvinfer1::ISliceLayer* {
    auto whole = std::make_unique<Slice>();
    whole->sized = true;
    auto* layer = add<nvinfer1::ISliceLayer>(std::move(whole), {&core_tensor(input)}, "Slice");
    if (layer) static_cast<SliceFacade*>(layer)->begin(start, size, stride);
    return layer;
  });
}

namespace {

template <class Interface, class Op>
Interface* add_by_axes(NetworkFacade& network, ITensor& input, ITensor& axes, const char* word) {
  return guarded(network.reporter(), static_cast<Interface*>(nullptr), [&]() -> Result<Interface*> {
    TRY_ASSIGN(std::vector<int64_t> numbers, known_values(core_tensor(axes), "axes").within(std::string("add") + word));
    auto* layer = network.add<Interface>(std::make_unique<Op>(numbers), {&core_tensor(input)}, word);
    if (layer) static_cast<AxesFacade<Interface, Op>*>(layer)->note_axes(&core_tensor(axes));
    return layer;
  });
}

}  // namespace

nvinfer1::ISqueezeLayer* NetworkFacade::addSqueeze(ITensor& input, ITensor& axes) noexcept {
  return add_by_axes<nvinfer1::ISqueezeLayer, Squeeze>(*this, input, axes, "Squeeze");
}

nvinfer1::IUnsqueezeLayer* NetworkFacade::addUnsqueeze(ITensor& input, ITensor& axes) noexcept {
  return add_by_axes<nvinfer1::IUnsqueezeLayer, Unsqueeze>(*this, input, axes, "Unsqueeze");
}

nvinfer1::IConstantLayer* NetworkFacade::addConstant64_(WideDims const& dims, nvinfer1::Weights weights) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IConstantLayer*>(nullptr), [&]() -> Result<nvinfer1::IConstantLayer*> {
    TRY_ASSIGN(Shape shape, to_shape(dims));
    shape.insert(shape.begin(), static_cast<size_t>(lead()), 1);
    TRY_ASSIGN(Array values, to_array(weights, shape));
    return add<nvinfer1::IConstantLayer>(std::make_unique<Constant>(), {network_->add_constant("value", std::move(values))}, "Constant");
  });
}

nvinfer1::IAssertionLayer* NetworkFacade::addAssertion(ITensor& condition, char const* message) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IAssertionLayer*>(nullptr), [&]() -> Result<nvinfer1::IAssertionLayer*> {
    if (!message) return invalid("addAssertion: the message is null");
    if (const int64_t rank = core_tensor(condition).type.rank() - lead(); rank > 1)
      return invalid("addAssertion: the condition has " + std::to_string(rank) + " dimensions; it is one bool, or a row of them");
    auto op = std::make_unique<Assertion>();
    op->message = message;
    return add<nvinfer1::IAssertionLayer>(std::move(op), {&core_tensor(condition)}, "Assertion");
  });
}

}  // namespace ingot::api
