// Loops and conditionals: their border layers, and ILoop and IIfConditional, which own no layers but number them.
#include "api/layers/control.h"

#include "api/layers/layer.h"
#include "operators/conditional_boundary.h"
#include "operators/loop_boundary.h"

namespace ingot::api {

using nvinfer1::IIfConditional;
using nvinfer1::ILoop;
using nvinfer1::ITensor;
using nvinfer1::LayerType;

namespace {

// ---- Border layers ----

template <class Interface>
class LoopLayerFacade : public LayerFacade<Interface> {
 public:
  LoopLayerFacade(NetworkFacade& network, Layer* layer, LayerType type)
      : LayerFacade<Interface>(network, layer, type),
        loop_(layer->as<LoopBoundary>() ? network.loop(layer->as<LoopBoundary>()->loop) : nullptr) {}
  ILoop* getLoop() const noexcept override { return loop_; }

 protected:
  const LoopBoundary& border() const { return this->template op<LoopBoundary>(); }

 private:
  ILoop* loop_;
};

class RecurrenceFacade final : public LoopLayerFacade<nvinfer1::IRecurrenceLayer> {
 public:
  using LoopLayerFacade::LoopLayerFacade;
  int32_t getNbInputs() const noexcept override { return next() ? 2 : 1; }
  ITensor* getInput(int32_t index) const noexcept override { return index == 1 ? network_.facade(next()) : LayerFacade::getInput(index); }
  void setInput(int32_t index, ITensor& tensor) noexcept override {
    if (index != 1) return LayerFacade::setInput(index, tensor);
    static_cast<LoopFacade*>(getLoop())->set_next(layer_, &core_tensor(tensor));
  }

 private:
  Tensor* next() const { return static_cast<LoopFacade*>(getLoop())->next(layer_); }
};

class IteratorFacade final : public LoopLayerFacade<nvinfer1::IIteratorLayer> {
 public:
  using LoopLayerFacade::LoopLayerFacade;
  void setAxis(int32_t axis) noexcept override {
    if (!takes(axis >= 0 && axis < rank_of_input() - network_.lead(), "setAxis", axis)) return;
    edit<LoopBoundary>([&](LoopBoundary& op) { op.axis = axis; });
  }
  int32_t getAxis() const noexcept override { return static_cast<int32_t>(border().axis); }
  void setReverse(bool reverse) noexcept override {
    edit<LoopBoundary>([&](LoopBoundary& op) { op.reverse = reverse; });
  }
  bool getReverse() const noexcept override { return border().reverse; }
};

class TripLimitFacade final : public LoopLayerFacade<nvinfer1::ITripLimitLayer> {
 public:
  using LoopLayerFacade::LoopLayerFacade;
  nvinfer1::TripLimit getTripLimit() const noexcept override {
    const auto* own = dynamic_cast<const LoopBoundary*>(&current_op());
    return own && own->role == LoopRole::kWhile ? nvinfer1::TripLimit::kWHILE : nvinfer1::TripLimit::kCOUNT;
  }
};

class LoopOutputFacade final : public LoopLayerFacade<nvinfer1::ILoopOutputLayer> {
 public:
  using LoopLayerFacade::LoopLayerFacade;
  nvinfer1::LoopOutput getLoopOutput() const noexcept override {
    return border().role == LoopRole::kLast      ? nvinfer1::LoopOutput::kLAST_VALUE
           : border().role == LoopRole::kReverse ? nvinfer1::LoopOutput::kREVERSE
                                                 : nvinfer1::LoopOutput::kCONCATENATE;
  }
  void setAxis(int32_t axis) noexcept override {
    if (!takes(axis >= 0 && axis <= rank_of_input() - network_.lead(), "setAxis", axis)) return;
    edit<LoopBoundary>([&](LoopBoundary& op) { op.axis = axis; });
  }
  int32_t getAxis() const noexcept override { return static_cast<int32_t>(border().axis); }

 protected:
  int32_t most_input() const noexcept override { return border().role == LoopRole::kLast ? 0 : 1; }
};

template <class Interface>
class ConditionalLayerFacade final : public LayerFacade<Interface> {
 public:
  ConditionalLayerFacade(NetworkFacade& network, Layer* layer, LayerType type)
      : LayerFacade<Interface>(network, layer, type),
        conditional_(layer->as<ConditionalBoundary>() ? network.conditional(layer->as<ConditionalBoundary>()->conditional) : nullptr) {}
  IIfConditional* getConditional() const noexcept override { return conditional_; }

 private:
  IIfConditional* conditional_;
};

}  // namespace

std::unique_ptr<LayerHandle> make_control_facade(NetworkFacade& network, Layer* layer) {
  if (const auto* border = layer->as<LoopBoundary>()) {
    switch (border->role) {
      case LoopRole::kRecurrence: return std::make_unique<RecurrenceFacade>(network, layer, LayerType::kRECURRENCE);
      case LoopRole::kIterator: return std::make_unique<IteratorFacade>(network, layer, LayerType::kITERATOR);
      case LoopRole::kCount:
      case LoopRole::kWhile: return std::make_unique<TripLimitFacade>(network, layer, LayerType::kTRIP_LIMIT);
      default: return std::make_unique<LoopOutputFacade>(network, layer, LayerType::kLOOP_OUTPUT);
    }
  }
  if (const auto* border = layer->as<ConditionalBoundary>()) {
    if (border->role == ConditionalRole::kCondition)
      return std::make_unique<ConditionalLayerFacade<nvinfer1::IConditionLayer>>(network, layer, LayerType::kCONDITION);
    if (border->role == ConditionalRole::kInput)
      return std::make_unique<ConditionalLayerFacade<nvinfer1::IIfConditionalInputLayer>>(network, layer, LayerType::kCONDITIONAL_INPUT);
    return std::make_unique<ConditionalLayerFacade<nvinfer1::IIfConditionalOutputLayer>>(network, layer, LayerType::kCONDITIONAL_OUTPUT);
  }
  // Whole loops and conditionals of imported models.
  if (layer->op().name() == "loop" || layer->op().name() == "scan")
    return std::make_unique<TripLimitFacade>(network, layer, LayerType::kTRIP_LIMIT);
  if (layer->op().name() == "if")
    return std::make_unique<ConditionalLayerFacade<nvinfer1::IConditionLayer>>(network, layer, LayerType::kCONDITION);
  return nullptr;
}

// ---- ILoop ----

template <class Interface>
Interface* LoopFacade::border(LoopRole role, Tensor& tensor, int64_t axis, bool reverse, const char* word) noexcept {
  auto op = std::make_unique<LoopBoundary>();
  op->role = role;
  op->loop = number_;
  op->axis = axis;
  op->reverse = reverse;
  return network_.add<Interface>(std::move(op), {&tensor}, word);
}

nvinfer1::IRecurrenceLayer* LoopFacade::addRecurrence(ITensor& initial) noexcept {
  return border<nvinfer1::IRecurrenceLayer>(LoopRole::kRecurrence, core_tensor(initial), 0, false, "Recurrence");
}

nvinfer1::ITripLimitLayer* LoopFacade::addTripLimit(ITensor& tensor, nvinfer1::TripLimit limit) noexcept {
  if (limit != nvinfer1::TripLimit::kCOUNT && limit != nvinfer1::TripLimit::kWHILE) {
    network_.reporter().report(invalid("addTripLimit: there is no TripLimit " + std::to_string(static_cast<int>(limit))));
    return nullptr;
  }
  const bool counts = limit == nvinfer1::TripLimit::kCOUNT;
  return border<nvinfer1::ITripLimitLayer>(counts ? LoopRole::kCount : LoopRole::kWhile, core_tensor(tensor), 0, false, "TripLimit");
}

nvinfer1::IIteratorLayer* LoopFacade::addIterator(ITensor& tensor, int32_t axis, bool reverse) noexcept {
  return border<nvinfer1::IIteratorLayer>(LoopRole::kIterator, core_tensor(tensor), axis, reverse, "Iterator");
}

nvinfer1::ILoopOutputLayer* LoopFacade::addLoopOutput(ITensor& tensor, nvinfer1::LoopOutput kind, int32_t axis) noexcept {
  if (static_cast<int>(kind) < 0 || static_cast<int>(kind) >= nvinfer1::EnumMax<nvinfer1::LoopOutput>()) {
    network_.reporter().report(invalid("addLoopOutput: there is no LoopOutput " + std::to_string(static_cast<int>(kind))));
    return nullptr;
  }
  const LoopRole role = kind == nvinfer1::LoopOutput::kLAST_VALUE ? LoopRole::kLast
                        : kind == nvinfer1::LoopOutput::kREVERSE  ? LoopRole::kReverse
                                                                  : LoopRole::kConcatenate;
  return border<nvinfer1::ILoopOutputLayer>(role, core_tensor(tensor), axis, false, "LoopOutput");
}

void LoopFacade::setName(char const* name) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (!name) return invalid("loop '" + name_ + "': setName: the name is null");
    name_ = name;
    return Ok{};
  });
}

// ---- IIfConditional ----

template <class Interface>
Interface* ConditionalFacade::border(ConditionalRole role, std::vector<Tensor*> tensors, const char* word) noexcept {
  auto op = std::make_unique<ConditionalBoundary>();
  op->role = role;
  op->conditional = number_;
  return network_.add<Interface>(std::move(op), std::move(tensors), word);
}

nvinfer1::IConditionLayer* ConditionalFacade::setCondition(ITensor& condition) noexcept {
  return border<nvinfer1::IConditionLayer>(ConditionalRole::kCondition, {&core_tensor(condition)}, "Condition");
}

nvinfer1::IIfConditionalInputLayer* ConditionalFacade::addInput(ITensor& input) noexcept {
  return border<nvinfer1::IIfConditionalInputLayer>(ConditionalRole::kInput, {&core_tensor(input)}, "ConditionalInput");
}

nvinfer1::IIfConditionalOutputLayer* ConditionalFacade::addOutput(ITensor& then_output, ITensor& else_output) noexcept {
  return border<nvinfer1::IIfConditionalOutputLayer>(ConditionalRole::kOutput, {&core_tensor(then_output), &core_tensor(else_output)},
                                                     "ConditionalOutput");
}

void ConditionalFacade::setName(char const* name) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (!name) return invalid("conditional '" + name_ + "': setName: the name is null");
    name_ = name;
    return Ok{};
  });
}

// ---- Adding ----

ILoop* NetworkFacade::addLoop() noexcept {
  return guarded(reporter_, static_cast<ILoop*>(nullptr), [&]() -> Result<ILoop*> {
    if (implicit_batch_) return invalid("addLoop: loops need a network with an explicit batch; create it with kEXPLICIT_BATCH");
    auto made = std::make_unique<LoopFacade>(*this, static_cast<int64_t>(blocks_.size()));
    LoopFacade* loop = made.get();
    blocks_.push_back(std::move(made));
    return loop;
  });
}

IIfConditional* NetworkFacade::addIfConditional() noexcept {
  return guarded(reporter_, static_cast<IIfConditional*>(nullptr), [&]() -> Result<IIfConditional*> {
    if (implicit_batch_)
      return invalid("addIfConditional: conditionals need a network with an explicit batch; create it with kEXPLICIT_BATCH");
    auto made = std::make_unique<ConditionalFacade>(*this, static_cast<int64_t>(blocks_.size()));
    ConditionalFacade* conditional = made.get();
    blocks_.push_back(std::move(made));
    return conditional;
  });
}

ILoop* NetworkFacade::loop(int64_t number) const { return dynamic_cast<LoopFacade*>(blocks_[static_cast<size_t>(number)].get()); }
IIfConditional* NetworkFacade::conditional(int64_t number) const {
  return dynamic_cast<ConditionalFacade*>(blocks_[static_cast<size_t>(number)].get());
}

}  // namespace ingot::api
