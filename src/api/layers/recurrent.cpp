// Recurrent layers of former generations.
#include <map>
#include <tuple>

#include "api/layers/layer.h"
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

// The order in which the core stacks the gates of a cell.
std::vector<RNNGateType> gates_of(RecurrentCell cell) {
  if (cell == RecurrentCell::kLstm) return {RNNGateType::kINPUT, RNNGateType::kOUTPUT, RNNGateType::kFORGET, RNNGateType::kCELL};
  if (cell == RecurrentCell::kGru) return {RNNGateType::kUPDATE, RNNGateType::kRESET, RNNGateType::kHIDDEN};
  return {RNNGateType::kINPUT};
}

void set_operation(RecurrentStack& op, RNNOperation operation) {
  op.cell = operation == RNNOperation::kLSTM  ? RecurrentCell::kLstm
            : operation == RNNOperation::kGRU ? RecurrentCell::kGru
                                              : RecurrentCell::kRnn;
  op.relu = operation == RNNOperation::kRELU;
}

// What layers with weights by gate and with weights in one block share.
template <class Interface>
class RecurrentFacade : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;
  int32_t getNbInputs() const noexcept override { return 1; }
  int32_t getDataLength() const noexcept override {
    return static_cast<int32_t>(this->current_inputs()[0]->type.dims.back().constant().value_or(-1));
  }
  void setOperation(RNNOperation operation) noexcept override {
    if (!this->takes_word("setOperation", operation)) return;
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
    if (!this->takes_word("setInputMode", mode)) return;
    skips_ = mode == RNNInputMode::kSKIP;
    rebuild([](RecurrentStack&) {});
  }
  RNNInputMode getInputMode() const noexcept override { return skips_ ? RNNInputMode::kSKIP : RNNInputMode::kLINEAR; }
  void setDirection(RNNDirection direction) noexcept override {
    if (!this->takes_word("setDirection", direction)) return;
    rebuild([&](RecurrentStack& op) { op.bidirectional = direction == RNNDirection::kBIDIRECTION; });
  }
  RNNDirection getDirection() const noexcept override {
    return stack().bidirectional ? RNNDirection::kBIDIRECTION : RNNDirection::kUNIDIRECTION;
  }
  void setHiddenState(ITensor& hidden) noexcept override { set_optional(2, hidden); }
  ITensor* getHiddenState() const noexcept override { return optional(2); }
  void setCellState(ITensor& cell) noexcept override { set_optional(3, cell); }
  ITensor* getCellState() const noexcept override { return optional(3); }
  Status complete() const override {
    if (this->current_inputs().size() > RecurrentStack::kFirstWeights) return Ok{};
    return invalid("layer '" + this->layer_->name + "' lacks weights of some gates; set them with " + setters());
  }

 protected:
  using Gates = std::map<std::tuple<int32_t, RNNGateType, bool>, Weights>;
  virtual const char* setters() const = 0;
  // Looks for the gates' weights anew, before they are packed for `op`.
  virtual void find_gates(const RecurrentStack& /*op*/, int64_t /*size*/) {}
  int32_t steps() const noexcept { return static_cast<int32_t>(this->current_inputs()[0]->type.dims[1].constant().value_or(-1)); }
  const RecurrentStack& stack() const { return this->template op<RecurrentStack>(); }
  ITensor* optional(size_t index) const {
    return index < this->current_inputs().size() ? this->network_.facade(this->current_inputs()[index]) : nullptr;
  }
  void set_optional(size_t index, ITensor& tensor) noexcept {
    guarded(this->network_.reporter(), [&] {
      std::vector<Tensor*> inputs = this->current_inputs();
      if (inputs.size() <= index) inputs.resize(index + 1, nullptr);
      inputs[index] = &core_tensor(tensor);
      this->change(this->current_op().clone(), std::move(inputs));
    });
  }
  static Weights gate_of(const Gates& gates, int32_t layer, RNNGateType gate, bool is_w) {
    const auto found = gates.find({layer, gate, is_w});
    return found == gates.end() ? Weights{nvinfer1::DataType::kFLOAT, nullptr, 0} : found->second;
  }
  template <class How>
  void rebuild(How how) noexcept {
    guarded(this->network_.reporter(), [&]() -> Status {
      auto fresh = std::make_unique<RecurrentStack>(stack());
      how(*fresh);
      std::vector<Tensor*> inputs = this->current_inputs();
      inputs.resize(RecurrentStack::kFirstWeights, nullptr);
      if (const Dim& size = inputs[0]->type.dims.back(); size.is_constant()) find_gates(*fresh, size.value());
      TRY_ASSIGN(std::vector<Array> packed, pack(*fresh, *inputs[0]).within("layer '" + this->layer_->name + "'"));
      for (Array& array : packed) inputs.push_back(this->network_.core().add_constant(this->layer_->name + ".weights", std::move(array)));
      while (!inputs.back()) inputs.pop_back();
      this->change(std::move(fresh), std::move(inputs));
      return Ok{};
    });
  }
  // w, r and b of each layer; nothing while weights are missing. Biases that are not set are 0.
  Result<std::vector<Array>> pack(const RecurrentStack& op, const Tensor& x) const {
    std::vector<Array> packed;
    if (!x.type.dims.back().is_constant()) return packed;
    const std::vector<RNNGateType> gates = gates_of(op.cell);
    const auto count = static_cast<int64_t>(gates.size());
    const int64_t hidden = op.hidden, directions = op.directions();
    for (int64_t layer = 0; layer < op.layers; ++layer) {
      const int64_t size = layer == 0 ? x.type.dims.back().value() : directions * hidden;
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

class RnnFacade final : public RecurrentFacade<nvinfer1::IRNNv2Layer> {
 public:
  using RecurrentFacade::RecurrentFacade;
  int32_t getLayerCount() const noexcept override { return static_cast<int32_t>(stack().layers); }
  int32_t getHiddenSize() const noexcept override { return static_cast<int32_t>(stack().hidden); }
  int32_t getMaxSeqLength() const noexcept override { return steps(); }
  void setSequenceLengths(ITensor& lengths) noexcept override { set_optional(1, lengths); }
  ITensor* getSequenceLengths() const noexcept override { return optional(1); }
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

 private:
  const char* setters() const override { return "setWeightsForGate and setBiasForGate"; }
  void set_gate(Gates& gates, int32_t layer, RNNGateType gate, bool is_w, const Weights& weights) noexcept {
    const int64_t places = stack().layers * (stack().bidirectional ? 2 : 1);
    if (!takes(layer >= 0 && layer < places, "the layer of a gate", layer) || !takes_word("the gate", gate)) return;
    guarded(network_.reporter(), [&] { gates[{layer, gate, is_w}] = weights; });
    rebuild([](RecurrentStack&) {});
  }
};

// All weights in one block, of each layer (and of each of its directions) first W of its gates, then R of them; biases alike.
class BlockRnnFacade final : public RecurrentFacade<nvinfer1::IRNNLayer> {
 public:
  using RecurrentFacade::RecurrentFacade;
  uint32_t getLayerCount() const noexcept override { return static_cast<uint32_t>(stack().layers); }
  std::size_t getHiddenSize() const noexcept override { return static_cast<std::size_t>(stack().hidden); }
  int32_t getSeqLength() const noexcept override { return steps(); }
  void setWeights(Weights weights) noexcept override {
    block_ = weights;
    rebuild([](RecurrentStack&) {});
  }
  Weights getWeights() const noexcept override { return block_; }
  void setBias(Weights bias) noexcept override {
    bias_block_ = bias;
    rebuild([](RecurrentStack&) {});
  }
  Weights getBias() const noexcept override { return bias_block_; }

  Status complete() const override {
    if (!problem_.ok()) return invalid("layer '" + layer_->name + "': " + problem_.error().message);
    return RecurrentFacade::complete();
  }
  void begin(RNNInputMode mode, RNNDirection direction, Weights weights, Weights bias) {
    skips_ = mode == RNNInputMode::kSKIP;
    block_ = weights;
    bias_block_ = bias;
    rebuild([&](RecurrentStack& op) { op.bidirectional = direction == RNNDirection::kBIDIRECTION; });
  }

 private:
  const char* setters() const override { return "setWeights, which takes as many as all layers have"; }
  // The order of the block.
  static std::vector<RNNGateType> gates_in_block(RecurrentCell cell) {
    if (cell == RecurrentCell::kLstm) return {RNNGateType::kFORGET, RNNGateType::kINPUT, RNNGateType::kCELL, RNNGateType::kOUTPUT};
    return gates_of(cell);
  }
  // Settings between two that go together may not fit the block; building says so where they never do.
  void find_gates(const RecurrentStack& op, int64_t size) override {
    weights_.clear();
    biases_.clear();
    problem_ = cut(op, size, block_, false, weights_).within("weights");
    if (problem_.ok() && bias_block_.count > 0) problem_ = cut(op, size, bias_block_, true, biases_).within("biases");
    if (!problem_.ok()) weights_.clear();
  }
  Status cut(const RecurrentStack& op, int64_t size, const Weights& block, bool is_bias, Gates& gates) const {
    TRY_ASSIGN(const DataType type, to_core(block.type));
    const std::vector<RNNGateType> order = gates_in_block(op.cell);
    const auto* values = static_cast<const char*>(block.values);
    int64_t at = 0;
    for (int64_t place = 0; place < op.layers * op.directions(); ++place) {
      const bool is_first = place < op.directions();
      for (const bool is_w : {true, false}) {
        if (is_w && is_first && skips_ && !is_bias) continue;  // the input goes in as it is
        const int64_t columns = is_bias ? 1 : !is_w ? op.hidden : is_first ? size : op.directions() * op.hidden;
        for (const RNNGateType gate : order) {
          const int64_t count = op.hidden * columns;
          if (at + count <= block.count && values)
            gates[{static_cast<int32_t>(place), gate, is_w}] = {block.type, values + bytes_of(type, at), count};
          at += count;
        }
      }
    }
    if (at == block.count && values) return Ok{};
    gates.clear();
    return invalid("the block has " + std::to_string(block.count) + " values; " + std::to_string(at) + " are wanted");
  }

  Status problem_ = Ok{};
  Weights block_{nvinfer1::DataType::kFLOAT, nullptr, 0}, bias_block_{nvinfer1::DataType::kFLOAT, nullptr, 0};
};

}  // namespace

std::unique_ptr<LayerHandle> make_recurrent_facade(NetworkFacade& network, Layer* layer) {
  const auto* op = layer->as<RecurrentStack>();
  if (!op) return nullptr;
  if (op->steps_first) return std::make_unique<BlockRnnFacade>(network, layer, LayerType::kRNN);
  return std::make_unique<RnnFacade>(network, layer, LayerType::kRNN_V2);
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
    set_operation(*op, operation);
    return add<nvinfer1::IRNNv2Layer>(std::move(op), {&core_tensor(input)}, "RNN");
  });
}

nvinfer1::IRNNLayer* NetworkFacade::addRNN(ITensor& input, int32_t layers, std::size_t hidden, int32_t most_length, RNNOperation operation,
                                           RNNInputMode mode, RNNDirection direction, Weights weights, Weights bias) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IRNNLayer*>(nullptr), [&]() -> Result<nvinfer1::IRNNLayer*> {
    const auto is_one = [](auto word) {
      return static_cast<int>(word) >= 0 && static_cast<int>(word) < nvinfer1::EnumMax<decltype(word)>();
    };
    if (!is_one(operation) || !is_one(mode) || !is_one(direction))
      return invalid("addRNN: there is no RNNOperation " + std::to_string(static_cast<int>(operation)) + ", RNNInputMode " +
                     std::to_string(static_cast<int>(mode)) + " or RNNDirection " + std::to_string(static_cast<int>(direction)));
    const Tensor& x = core_tensor(input);
    if (x.type.rank() == 4 && x.type.dims[1].is_constant() && x.type.dims[1].value() > most_length)
      return invalid("addRNN: the input has " + x.type.dims[1].text() + " steps, more than the longest sequence, " +
                     std::to_string(most_length));
    if (hidden < 1 || hidden > (std::size_t{1} << 24)) return invalid("addRNN: the hidden size is " + std::to_string(hidden));
    auto op = std::make_unique<RecurrentStack>();
    op->layers = layers;
    op->hidden = static_cast<int64_t>(hidden);
    op->steps_first = true;
    set_operation(*op, operation);
    auto* made = add<nvinfer1::IRNNLayer>(std::move(op), {&core_tensor(input)}, "RNN");
    if (made) static_cast<BlockRnnFacade*>(made)->begin(mode, direction, weights, bias);
    return made;
  });
}

}  // namespace ingot::api
