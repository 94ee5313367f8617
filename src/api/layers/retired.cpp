// Layers of former generations: fully connected and recurrent ones.
#include <map>
#include <tuple>

#include "api/layers/layer.h"
#include "operators/fully_connected.h"
#include "operators/recurrent_stack.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::RNNDirection;
using nvinfer1::RNNGateType;
using nvinfer1::RNNInputMode;
using nvinfer1::RNNOperation;
using nvinfer1::Weights;

namespace {

class FullyConnectedFacade final : public LayerFacade<nvinfer1::IFullyConnectedLayer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_without_weights()); }
  void setNbOutputChannels(int32_t count) noexcept override {
    if (takes(count > 0, "setNbOutputChannels", count)) wanted_ = count == kernel_channels() ? 0 : count;
  }
  int32_t getNbOutputChannels() const noexcept override { return wanted_ > 0 ? wanted_ : kernel_channels(); }
  void setKernelWeights(Weights weights) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      const int64_t outputs = getNbOutputChannels();
      if (outputs < 1 || weights.count % outputs != 0)
        return invalid("layer '" + layer_->name + "': " + std::to_string(weights.count) + " weights do not fit " + std::to_string(outputs) +
                       " outputs");
      TRY(set_weights(1, weights, {outputs, weights.count / outputs}, "kernel"));
      wanted_ = 0;
      return Ok{};
    });
  }
  Weights getKernelWeights() const noexcept override { return weights_of(1); }
  void setBiasWeights(Weights weights) noexcept override {
    guarded(network_.reporter(), [&] { return set_weights(2, weights, {getNbOutputChannels()}, "bias"); });
  }
  Weights getBiasWeights() const noexcept override { return weights_of(2); }

 private:
  int32_t kernel_channels() const { return static_cast<int32_t>(current_inputs()[1]->type.dims[0].constant().value_or(0)); }
  int32_t wanted_ = 0;
};

// The order in which the core stacks the gates of a cell.
std::vector<RNNGateType> gates_of(RecurrentCell cell) {
  if (cell == RecurrentCell::kLstm) return {RNNGateType::kINPUT, RNNGateType::kOUTPUT, RNNGateType::kFORGET, RNNGateType::kCELL};
  if (cell == RecurrentCell::kGru) return {RNNGateType::kUPDATE, RNNGateType::kRESET, RNNGateType::kHIDDEN};
  return {RNNGateType::kINPUT};
}

class RnnFacade final : public LayerFacade<nvinfer1::IRNNv2Layer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return 1; }
  int32_t getLayerCount() const noexcept override { return static_cast<int32_t>(stack().layers); }
  int32_t getHiddenSize() const noexcept override { return static_cast<int32_t>(stack().hidden); }
  int32_t getMaxSeqLength() const noexcept override {
    return static_cast<int32_t>(current_inputs()[0]->type.dims[1].constant().value_or(-1));
  }
  int32_t getDataLength() const noexcept override {
    return static_cast<int32_t>(current_inputs()[0]->type.dims[2].constant().value_or(-1));
  }
  void setOperation(RNNOperation operation) noexcept override {
    if (!takes_word("setOperation", operation)) return;
    rebuild([&](RecurrentStack& op) { set_operation(op, operation); });
  }
  RNNOperation getOperation() const noexcept override {
    const RecurrentStack& op = stack();
    return op.cell == RecurrentCell::kLstm  ? RNNOperation::kLSTM
           : op.cell == RecurrentCell::kGru ? RNNOperation::kGRU
           : op.relu                        ? RNNOperation::kRELU
                                            : RNNOperation::kTANH;
  }
  void setInputMode(RNNInputMode mode) noexcept override {
    if (!takes_word("setInputMode", mode)) return;
    skips_ = mode == RNNInputMode::kSKIP;
    rebuild([](RecurrentStack&) {});
  }
  RNNInputMode getInputMode() const noexcept override { return skips_ ? RNNInputMode::kSKIP : RNNInputMode::kLINEAR; }
  void setDirection(RNNDirection direction) noexcept override {
    if (!takes_word("setDirection", direction)) return;
    rebuild([&](RecurrentStack& op) { op.bidirectional = direction == RNNDirection::kBIDIRECTION; });
  }
  RNNDirection getDirection() const noexcept override {
    return stack().bidirectional ? RNNDirection::kBIDIRECTION : RNNDirection::kUNIDIRECTION;
  }
  void setSequenceLengths(ITensor& lengths) noexcept override { set_optional(1, lengths); }
  ITensor* getSequenceLengths() const noexcept override { return optional(1); }
  void setHiddenState(ITensor& hidden) noexcept override { set_optional(2, hidden); }
  ITensor* getHiddenState() const noexcept override { return optional(2); }
  void setCellState(ITensor& cell) noexcept override { set_optional(3, cell); }
  ITensor* getCellState() const noexcept override { return optional(3); }
  void setWeightsForGate(int32_t layer, RNNGateType gate, bool is_w, Weights weights) noexcept override {
    set_gate(weights_, layer, gate, is_w, weights);
  }
  Weights getWeightsForGate(int32_t layer, RNNGateType gate, bool is_w) const noexcept override {
    return gate_of(weights_, layer, gate, is_w);
  }
  void setBiasForGate(int32_t layer, RNNGateType gate, bool is_w, Weights bias) noexcept override {
    set_gate(biases_, layer, gate, is_w, bias);
  }
  Weights getBiasForGate(int32_t layer, RNNGateType gate, bool is_w) const noexcept override { return gate_of(biases_, layer, gate, is_w); }

  static void set_operation(RecurrentStack& op, RNNOperation operation) {
    op.cell = operation == RNNOperation::kLSTM  ? RecurrentCell::kLstm
              : operation == RNNOperation::kGRU ? RecurrentCell::kGru
                                                : RecurrentCell::kRnn;
    op.relu = operation == RNNOperation::kRELU;
  }

  Status complete() const override {
    if (current_inputs().size() > RecurrentStack::kFirstWeights) return Ok{};
    return invalid("layer '" + layer_->name + "' lacks weights of some gates; set them with setWeightsForGate and setBiasForGate");
  }

 private:
  using Gates = std::map<std::tuple<int32_t, RNNGateType, bool>, Weights>;
  const RecurrentStack& stack() const { return op<RecurrentStack>(); }
  ITensor* optional(size_t index) const { return index < current_inputs().size() ? network_.facade(current_inputs()[index]) : nullptr; }
  void set_optional(size_t index, ITensor& tensor) noexcept {
    guarded(network_.reporter(), [&] {
      std::vector<Tensor*> inputs = current_inputs();
      if (inputs.size() <= index) inputs.resize(index + 1, nullptr);
      inputs[index] = &core_tensor(tensor);
      change(current_op().clone(), std::move(inputs));
    });
  }
  static Weights gate_of(const Gates& gates, int32_t layer, RNNGateType gate, bool is_w) {
    const auto found = gates.find({layer, gate, is_w});
    return found == gates.end() ? Weights{nvinfer1::DataType::kFLOAT, nullptr, 0} : found->second;
  }
  void set_gate(Gates& gates, int32_t layer, RNNGateType gate, bool is_w, const Weights& weights) noexcept {
    const int64_t places = stack().layers * (stack().bidirectional ? 2 : 1);
    if (!takes(layer >= 0 && layer < places, "the layer of a gate", layer) || !takes_word("the gate", gate)) return;
    guarded(network_.reporter(), [&] { gates[{layer, gate, is_w}] = weights; });
    rebuild([](RecurrentStack&) {});
  }
  template <class How>
  void rebuild(How how) noexcept {
    guarded(network_.reporter(), [&]() -> Status {
      auto fresh = std::make_unique<RecurrentStack>(stack());
      how(*fresh);
      std::vector<Tensor*> inputs = current_inputs();
      inputs.resize(RecurrentStack::kFirstWeights, nullptr);
      TRY_ASSIGN(std::vector<Array> packed, pack(*fresh, *inputs[0]).within("layer '" + layer_->name + "'"));
      for (Array& array : packed) inputs.push_back(network_.core().add_constant(layer_->name + ".weights", std::move(array)));
      while (!inputs.back()) inputs.pop_back();
      change(std::move(fresh), std::move(inputs));
      return Ok{};
    });
  }
  // w, r and b of each layer; nothing while weights are missing. Biases that are not set are 0.
  Result<std::vector<Array>> pack(const RecurrentStack& op, const Tensor& x) const {
    std::vector<Array> packed;
    if (!x.type.dims[2].is_constant()) return packed;
    const std::vector<RNNGateType> gates = gates_of(op.cell);
    const auto count = static_cast<int64_t>(gates.size());
    const int64_t hidden = op.hidden, directions = op.directions();
    for (int64_t layer = 0; layer < op.layers; ++layer) {
      const int64_t size = layer == 0 ? x.type.dims[2].value() : directions * hidden;
      TRY_ASSIGN(Array w, Array::make(x.type.type, {directions, count * hidden, size}));
      TRY_ASSIGN(Array r, Array::make(x.type.type, {directions, count * hidden, hidden}));
      TRY_ASSIGN(Array b, Array::make(x.type.type, {directions, 2 * count * hidden}));
      for (int64_t direction = 0; direction < directions; ++direction) {
        const auto place = static_cast<int32_t>(layer * directions + direction);
        for (int64_t g = 0; g < count; ++g) {
          const RNNGateType gate = gates[static_cast<size_t>(g)];
          for (const bool is_w : {true, false}) {
            Array& to = is_w ? w : r;
            const int64_t columns = is_w ? size : hidden, first = (direction * count + g) * hidden * columns;
            if (is_w && skips_ && layer == 0) {
              if (size != hidden)
                return invalid("with kSKIP the input is as long as the hidden state: " + std::to_string(hidden) + ", not " +
                               std::to_string(size));
              for (int64_t i = 0; i < hidden; ++i) to.set_number(first + i * columns + i, 1);
            } else {
              const Weights weights = gate_of(weights_, place, gate, is_w);
              if (weights.count == 0) return std::vector<Array>{};
              TRY_ASSIGN(Array values, to_array(weights, {hidden, columns}));
              for (int64_t i = 0; i < values.count(); ++i) to.set_number(first + i, values.number(i));
            }
            const Weights bias = gate_of(biases_, place, gate, is_w);
            if (bias.count == 0) continue;
            TRY_ASSIGN(Array values, to_array(bias, {hidden}));
            const int64_t at = (direction * 2 + (is_w ? 0 : 1)) * count * hidden + g * hidden;
            for (int64_t i = 0; i < hidden; ++i) b.set_number(at + i, values.number(i));
          }
        }
      }
      packed.insert(packed.end(), {std::move(w), std::move(r), std::move(b)});
    }
    return packed;
  }

  Gates weights_, biases_;
  bool skips_ = false;
};

}  // namespace

std::unique_ptr<LayerHandle> make_retired_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<FullyConnected>()) return std::make_unique<FullyConnectedFacade>(network, layer, LayerType::kFULLY_CONNECTED);
  if (layer->as<RecurrentStack>()) return std::make_unique<RnnFacade>(network, layer, LayerType::kRNN_V2);
  return nullptr;
}

nvinfer1::IFullyConnectedLayer* NetworkFacade::addFullyConnected(ITensor& input, int32_t outputs, Weights kernel, Weights bias) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IFullyConnectedLayer*>(nullptr), [&]() -> Result<nvinfer1::IFullyConnectedLayer*> {
    if (outputs < 1 || kernel.count < 1 || kernel.count % outputs != 0)
      return invalid("addFullyConnected: " + std::to_string(kernel.count) + " weights do not fit " + std::to_string(outputs) + " outputs");
    TRY_ASSIGN(Array values, to_array(kernel, {outputs, kernel.count / outputs}).within("addFullyConnected"));
    std::vector<Tensor*> inputs{&core_tensor(input), network_->add_constant("kernel", std::move(values))};
    if (bias.count > 0) {
      TRY_ASSIGN(Array bias_values, to_array(bias, {outputs}).within("addFullyConnected"));
      inputs.push_back(network_->add_constant("bias", std::move(bias_values)));
    }
    return add<nvinfer1::IFullyConnectedLayer>(std::make_unique<FullyConnected>(), inputs, "Fully Connected");
  });
}

nvinfer1::IRNNv2Layer* NetworkFacade::addRNNv2(ITensor& input, int32_t layers, int32_t hidden, int32_t most_length,
                                               RNNOperation operation) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IRNNv2Layer*>(nullptr), [&]() -> Result<nvinfer1::IRNNv2Layer*> {
    if (static_cast<int>(operation) < 0 || static_cast<int>(operation) >= nvinfer1::EnumMax<RNNOperation>())
      return invalid("addRNNv2: there is no RNNOperation " + std::to_string(static_cast<int>(operation)));
    const Tensor& x = core_tensor(input);
    if (x.type.rank() == 3 && x.type.dims[1].is_constant() && x.type.dims[1].value() > most_length)
      return invalid("addRNNv2: the input has " + x.type.dims[1].text() + " steps, more than the longest sequence, " +
                     std::to_string(most_length));
    auto op = std::make_unique<RecurrentStack>();
    op->layers = layers;
    op->hidden = hidden;
    RnnFacade::set_operation(*op, operation);
    return add<nvinfer1::IRNNv2Layer>(std::move(op), {&core_tensor(input)}, "RNN");
  });
}

nvinfer1::IRNNLayer* NetworkFacade::addRNN(ITensor&, int32_t, std::size_t, int32_t, RNNOperation, RNNInputMode, RNNDirection, Weights,
                                           Weights) noexcept {
  reporter_.report(unsupported("addRNN: weights in one block are not served; use addRNNv2, which takes those of each gate"));
  return nullptr;
}

}  // namespace ingot::api
