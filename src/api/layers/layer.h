// What all layer facades share: ILayer over a core layer.
#pragma once

#include <algorithm>
#include <cmath>

#include "api/network.h"

namespace ingot::api {

template <class Interface>
class LayerFacade : public Interface, public LayerHandle {
 public:
  LayerFacade(NetworkFacade& network, Layer* layer, nvinfer1::LayerType type) : LayerHandle(network, layer), type_(type) {}
  ~LayerFacade() noexcept override = default;
  nvinfer1::ILayer* layer() override { return this; }

  nvinfer1::LayerType getType() const noexcept override { return type_; }
  void setName(char const* name) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      if (!name) return invalid("layer '" + layer_->name + "': setName: the name is null");
      layer_->name = name;
      return Ok{};
    });
  }
  char const* getName() const noexcept override { return layer_->name.c_str(); }
  void setMetadata(char const* metadata) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      if (!metadata) return invalid("layer '" + layer_->name + "': setMetadata: the text is null");
      layer_->metadata = metadata;
      return Ok{};
    });
  }
  char const* getMetadata() const noexcept override { return layer_->metadata.c_str(); }

  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(current_inputs().size()); }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override {
    const auto& inputs = current_inputs();
    return index < 0 || index >= this->getNbInputs() || static_cast<size_t>(index) >= inputs.size()
               ? nullptr
               : network_.facade(inputs[static_cast<size_t>(index)]);
  }
  void setInput(int32_t index, nvinfer1::ITensor& tensor) noexcept override { replace_input(index, &core_tensor(tensor)); }
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(layer_->outputs().size()); }
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override {
    return index < 0 ? nullptr : network_.facade(layer_->output(static_cast<size_t>(index)));
  }
  nvinfer1::DataType getOutputType(int32_t index) const noexcept override {
    const Tensor* output = index < 0 ? nullptr : layer_->output(static_cast<size_t>(index));
    if (!output) return nvinfer1::DataType::kFLOAT;
    const auto wish =
        static_cast<size_t>(index) < layer_->output_types.size() ? layer_->output_types[static_cast<size_t>(index)] : std::nullopt;
    return to_api(wish.value_or(output->type.type));
  }
  bool setNbRanks(int32_t ranks) noexcept override { return ranks == 1; }
  int32_t getNbRanks() const noexcept override { return 1; }

  void setPrecision(nvinfer1::DataType type) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(layer_->precision, to_core(type));
      return Ok{};
    });
  }
  nvinfer1::DataType getPrecision() const noexcept override { return layer_->precision ? to_api(*layer_->precision) : getOutputType(0); }
  bool precisionIsSet() const noexcept override { return layer_->precision.has_value(); }
  void resetPrecision() noexcept override { layer_->precision.reset(); }
  void setOutputType(int32_t index, nvinfer1::DataType type) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      if (index < 0 || index >= getNbOutputs()) return invalid("layer '" + layer_->name + "' has no output " + std::to_string(index));
      layer_->output_types.resize(layer_->outputs().size());
      TRY_ASSIGN(layer_->output_types[static_cast<size_t>(index)], to_core(type));
      return Ok{};
    });
  }
  bool outputTypeIsSet(int32_t index) const noexcept override {
    return index >= 0 && static_cast<size_t>(index) < layer_->output_types.size() &&
           layer_->output_types[static_cast<size_t>(index)].has_value();
  }
  void resetOutputType(int32_t index) noexcept override {
    if (outputTypeIsSet(index)) layer_->output_types[static_cast<size_t>(index)].reset();
  }

 protected:
  template <class Op>
  const Op& op() const {
    return static_cast<const Op&>(current_op());
  }
  // Whether a setter takes `value`; what it does not take is reported and changes nothing.
  template <class Value>
  bool takes(bool good, const char* setter, const Value& value) noexcept {
    if (good) return true;
    guarded(network_.reporter(), [&]() -> Status {
      std::string text;
      if constexpr (std::is_same_v<Value, WideDims>)
        text = "dimensions " + to_text(Shape(value.d, value.d + std::clamp<int>(value.nbDims, 0, WideDims::MAX_DIMS))) + " of " +
               std::to_string(value.nbDims);
      else if constexpr (std::is_enum_v<Value>)
        text = "the enumerator " + std::to_string(static_cast<int>(value));
      else
        text = std::to_string(value);
      return invalid("layer '" + layer_->name + "': " + setter + " does not take " + text);
    });
    return false;
  }
  template <class Word>
  bool takes_word(const char* setter, Word word) noexcept {
    return takes(static_cast<int>(word) >= 0 && static_cast<int>(word) < nvinfer1::EnumMax<Word>(), setter, word);
  }
  bool takes_number(const char* setter, double value) noexcept { return takes(!std::isnan(value), setter, value); }
  // An axis of the input, counted from the first or, negative, from the last one.
  bool takes_axis(const char* setter, int64_t axis) noexcept {
    const int64_t rank = rank_of_input() - network_.lead();
    return takes(axis >= -rank && axis < rank, setter, axis);
  }
  bool takes_axes(const char* setter, uint32_t axes) noexcept {
    const int64_t rank = rank_of_input() - network_.lead();
    return takes(axes != 0 && (rank >= 32 || axes >> rank == 0), setter, axes);
  }
  // As many dimensions as `rank`, none below `least`.
  bool takes_dims(const char* setter, const WideDims& dims, int64_t rank, int64_t least) noexcept {
    return takes(dims.nbDims == rank && rank <= WideDims::MAX_DIMS &&
                     std::all_of(dims.d, dims.d + rank, [&](int64_t size) { return size >= least; }),
                 setter, dims);
  }
  // Changes the operator through `how(Op&)` and infers shapes again.
  template <class Op, class How>
  void edit(How how) noexcept {
    guarded(network_.reporter(), [&] {
      auto fresh = std::make_unique<Op>(op<Op>());
      how(*fresh);
      change(std::move(fresh), current_inputs());
    });
  }
  // Optional inputs in front that are not there yet are left out.
  void replace_input(int32_t index, Tensor* tensor) noexcept {
    guarded(network_.reporter(), [&]() -> Status {
      if (index < 0 || index > most_input()) return invalid("layer '" + layer_->name + "' has no input " + std::to_string(index));
      std::vector<Tensor*> inputs = current_inputs();
      if (static_cast<size_t>(index) >= inputs.size()) inputs.resize(static_cast<size_t>(index) + 1, nullptr);
      inputs[static_cast<size_t>(index)] = tensor;
      change(current_op().clone(), std::move(inputs));
      return Ok{};
    });
  }
  // The largest index that setInput takes.
  virtual int32_t most_input() const noexcept { return this->getNbInputs() - 1; }
  int64_t rank_of_input() const { return current_inputs()[0]->type.rank(); }

 private:
  nvinfer1::LayerType type_;
};

// Axes as bits, and back; `lead` dims in front have no bit.
inline std::vector<int64_t> axes_of(uint32_t bits, int64_t lead) {
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < 32; ++i) {
    if (bits >> i & 1u) axes.push_back(i + lead);
  }
  return axes;
}
inline uint32_t bits_of_axes(const std::vector<int64_t>& axes, int64_t rank, int64_t lead) {
  uint32_t bits = 0;
  for (int64_t axis : axes) {
    const int64_t bit = (axis < 0 ? axis + rank : axis) - lead;
    if (bit >= 0 && bit < 32) bits |= 1u << bit;
  }
  return bits;
}
// The elements of a tensor that is known while the network is made; the error says what it is for.
Result<std::vector<int64_t>> known_values(const Tensor& tensor, const char* what);
// The facades of a family, or null for operators of another one.
using FacadeMaker = std::unique_ptr<LayerHandle> (*)(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_arithmetic_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_normalize_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_window_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_shape_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_selection_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_resize_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_quantize_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_control_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_transformer_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_recurrent_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_retired_facade(NetworkFacade& network, Layer* layer);
std::unique_ptr<LayerHandle> make_plugin_facade(NetworkFacade& network, Layer* layer);

// A layer whose class has no settings.
template <class Interface>
class SettinglessFacade final : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;
};

}  // namespace ingot::api
