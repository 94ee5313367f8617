#include "api/engine_body.h"

#include <algorithm>
#include <set>

#include "api/load_engine.h"
#include "build/builder.h"
#include "operators/elementwise.h"
#include "operators/subnetwork.h"
#include "runtime/execution_context.h"

namespace ingot {
namespace {

constexpr size_t kMostEngines = 16;  // sets of shapes whose engines are kept

class EngineBody final : public Body {
 public:
  EngineBody(const Network& network, const Arrays& constants, Device& device, bool allow_tf32)
      : network_(network), constants_(constants), device_(std::shared_ptr<void>(), &device), allow_tf32_(allow_tf32) {}

  Status run(const std::vector<Value>& inputs, Stream stream, std::vector<Value>* outputs) override {
    std::vector<Shape> shapes;
    for (const Value& input : inputs) shapes.push_back(input.shape);
    auto entry = std::find_if(ready_.begin(), ready_.end(), [&](const auto& ready) { return ready->shapes == shapes; });
    if (entry == ready_.end()) {
      TRY_ASSIGN(std::unique_ptr<Ready> made, make(std::move(shapes)));
      if (ready_.size() == kMostEngines) {
        TRY(device_->synchronize(stream));  // what it still runs
        ready_.pop_back();
      }
      entry = ready_.insert(ready_.begin(), std::move(made));
    } else {
      std::rotate(ready_.begin(), entry, entry + 1);
      entry = ready_.begin();
    }
    return run(**entry, inputs, stream, outputs);
  }

 private:
  using Memory = std::shared_ptr<void>;
  struct Output {
    Memory memory;
    size_t bytes = 0;
    Shape shape;
  };
  // The body for one set of shapes.
  struct Ready {
    std::vector<Shape> shapes;
    std::unique_ptr<ExecutionContext> context;
    std::vector<size_t> arguments;               // by io: the body's input
    std::vector<std::vector<Output>> memory{2};  // of outputs, for runs by turns
    size_t turn = 0;
  };

  // The device's own lives as long as its last user.
  Result<Memory> take(size_t bytes) const {
    TRY_ASSIGN(void* memory, device_->allocate(std::max<size_t>(bytes, 1)));
    return Memory(memory, [device = device_](void* address) { device->release(address); });
  }

  Result<std::unique_ptr<Ready>> make(std::vector<Shape> shapes) const {
    auto ready = std::make_unique<Ready>();
    Network network;
    std::vector<Tensor*> tensors;
    for (size_t i = 0; i < network_.inputs().size(); ++i) {
      const Tensor* input = network_.inputs()[i];
      if (i < constants_.size() && constants_[i].data()) {
        tensors.push_back(network.add_constant(input->name, constants_[i]));
        continue;
      }
      TensorType type{input->type.type, to_dims(shapes[i])};
      TRY_ASSIGN(Tensor * own, network.add_input(input->name, std::move(type)));
      tensors.push_back(own);
      ready->arguments.push_back(i);
    }
    TRY_ASSIGN(const std::vector<Tensor*> results, inline_subnetwork(network, network_, tensors));
    std::set<const Tensor*> marked;
    for (Tensor* result : results) {
      // What is handed on, and what leaves twice, is copied: each output has memory of its own.
      if (!result->producer() || !marked.insert(result).second) {
        TRY_ASSIGN(result, network.add(Elementwise(ScalarOp::kIdentity), {result}));
      }
      TRY(network.mark_output(result));
    }
    BuildConfig config;
    config.device = device_;
    config.allow_tf32 = allow_tf32_;
    config.optimization_level = 0;  // shapes may come and go with each iteration: nothing is timed for them
    TRY_ASSIGN(Plan plan, build_plan(network, config));
    TRY_ASSIGN(std::shared_ptr<Engine> engine, load_engine(std::move(plan), device_, null_log()));
    ready->context = std::make_unique<ExecutionContext>(engine, MemoryFrom::current());
    const std::vector<IoTensor>& io = engine->io();
    for (std::vector<Output>& outputs : ready->memory) outputs.resize(results.size());
    for (size_t o = 0; o < results.size(); ++o) {
      const TensorType& type = io[ready->arguments.size() + o].tensor->type;
      if (!all_constant(type.dims)) {
        set_allocator(*ready, ready->arguments.size() + o, o);
        continue;
      }
      for (std::vector<Output>& outputs : ready->memory) {
        Output& output = outputs[o];
        output.shape = constant_shape(type.dims);
        TRY_ASSIGN(output.bytes, storage_bytes(type.type, Format::kLinear, output.shape));
        TRY_ASSIGN(output.memory, take(output.bytes));
      }
    }
    ready->shapes = std::move(shapes);
    return ready;
  }

  // Memory for an output whose shape only the run tells.
  void set_allocator(Ready& ready, size_t io, size_t output) const {
    ExecutionContext::OutputAllocator allocator;
    allocator.allocate = [this, &ready, output](const std::string&, void*, size_t bytes) -> void* {
      Output& own = ready.memory[ready.turn][output];
      if (own.memory && own.bytes >= bytes) return own.memory.get();
      auto memory = take(bytes);
      if (!memory.ok()) return nullptr;
      own.memory = *memory;
      own.bytes = bytes;
      return own.memory.get();
    };
    allocator.notify_shape = [&ready, output](const std::string&, const Shape& shape) { ready.memory[ready.turn][output].shape = shape; };
    ready.context->set_output_allocator(io, std::move(allocator));
  }

  static Status run(Ready& ready, const std::vector<Value>& inputs, Stream stream, std::vector<Value>* outputs) {
    ExecutionContext& context = *ready.context;
    ready.turn = 1 - ready.turn;
    std::vector<Output>& own = ready.memory[ready.turn];
    for (size_t i = 0; i < ready.arguments.size(); ++i) TRY(context.set_address(i, const_cast<void*>(inputs[ready.arguments[i]].data)));
    for (size_t o = 0; o < own.size(); ++o) {
      if (all_constant(context.engine().io()[ready.arguments.size() + o].tensor->type.dims))
        TRY(context.set_address(ready.arguments.size() + o, own[o].memory.get()));
    }
    TRY(context.enqueue(stream));
    outputs->clear();
    for (const Output& output : own) outputs->push_back({output.memory.get(), output.shape});
    return Ok{};
  }

  const Network& network_;
  const Arrays constants_;
  const std::shared_ptr<Device> device_;  // which lives until the process ends
  const bool allow_tf32_;
  std::vector<std::unique_ptr<Ready>> ready_;  // last used first
};

}  // namespace

Result<std::unique_ptr<Body>> make_engine_body(const Network& network, const Arrays& constants, Device& device, bool allow_tf32) {
  return std::unique_ptr<Body>(std::make_unique<EngineBody>(network, constants, device, allow_tf32));
}

}  // namespace ingot
