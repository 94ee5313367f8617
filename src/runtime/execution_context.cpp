#include "runtime/execution_context.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <new>
#include <thread>

namespace ingot {
namespace {

constexpr size_t kRuns = 64;         // asynchronous runs that may wait on a stream at once
constexpr int kRecordingTrials = 2;  // for each set of shapes
constexpr size_t kRecentShapes = 8;  // sets of shapes whose launches are kept

// A step as it has run; for INGOT_DEBUG=steps.
void print_step(const Engine& engine, size_t index, const SymbolValues& values, bool is_view, float ms) {
  const Layer& layer = engine.layer(index);
  std::string shapes;
  for (const Tensor* output : layer.outputs())
    shapes += " " + std::string(name_of(output->type.type)) + to_text(shape_at(output->type.dims, values));
  char line[64];
  std::snprintf(line, sizeof line, "%4zu %9.1f us  ", index, ms * 1e3);
  debug("steps", line + (is_view ? "(a view)" : engine.choice(index).tactic) + "  '" + layer.name + "' ->" + shapes);
}

}  // namespace

// What one enqueue hands to the stream. Made beforehand, so that enqueue allocates nothing.
struct ExecutionContext::Run {
  ExecutionContext* context = nullptr;
  std::shared_ptr<Prepared> prepared;
  std::shared_ptr<void> arena;
  void* base = nullptr;
  std::vector<void*> addresses;
  Stream stream;
  std::shared_ptr<const StepListener> listener;
  std::atomic<bool> busy{false};
  bool captured = false;  // belongs to a graph, which may run it any number of times
  bool waits = false;     // somebody waits and takes the error
  std::thread::id caller;
};

namespace {

// Gives an arena back where it came from, while the engine's device is there.
struct ArenaRelease {
  std::function<void(void*)> release;
  std::shared_ptr<const Engine> engine;
  void operator()(void* address) const { release(address); }
};

}  // namespace

ExecutionContext::ExecutionContext(std::shared_ptr<const Engine> engine, std::shared_ptr<const MemorySupply> supply)
    : engine_(std::move(engine)), supply_(std::move(supply)) {
  // A GPU asks the supply itself, and knows where its memory goes back to.
  if (supply_ && !engine_->device().is_asynchronous()) {
    memory_ = *supply_;
  } else {
    Device* device = &engine_->device();
    memory_.allocate = [device](size_t bytes) -> void* { return device->allocate(bytes, 256).value_or(nullptr); };
    memory_.release = [device](void* address) { device->release(address); };
  }
  shapes_.resize(engine_->network().inputs().size());
  addresses_.resize(engine_->io().size(), nullptr);
  allocators_.resize(engine_->io().size());
  for (const IoTensor& io : engine_->io()) has_host_io_ |= io.tensor->type.place == Place::kHost;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    const TensorType& type = engine_->network().inputs()[i]->type;
    if (all_constant(type.dims)) shapes_[i] = constant_shape(type.dims);
  }
  for (size_t i = 0; i < kRuns; ++i) {
    runs_.push_back(std::make_unique<Run>());
    runs_.back()->context = this;
    runs_.back()->addresses.resize(addresses_.size());
  }
}

ExecutionContext::~ExecutionContext() {
  for (const auto& run : runs_) {
    while (run->busy.load(std::memory_order_acquire)) std::this_thread::yield();
  }
}

Status ExecutionContext::set_profile(size_t profile) {
  const size_t count = std::max<size_t>(engine_->profile_count(), 1);
  if (profile >= count)
    return invalid("the engine has " + std::to_string(count) + " profiles; there is no profile " + std::to_string(profile));
  if (profile == profile_) return Ok{};
  profile_ = profile;
  shapes_changed_ = true;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    if (!all_constant(engine_->network().inputs()[i]->type.dims)) shapes_[i].reset();
  }
  return Ok{};
}

Status ExecutionContext::set_input_shape(std::string_view name, const Shape& shape) {
  const int index = engine_->io_index(name);
  if (index < 0 || !engine_->io()[index].is_input) {
    std::string known;
    for (const Tensor* input : engine_->network().inputs()) known += (known.empty() ? "'" : ", '") + input->name + "'";
    return invalid("there is no input '" + std::string(name) + "'; the inputs are " + known);
  }
  const Tensor* input = engine_->network().inputs()[index];
  SymbolValues ignored;
  TRY(bind_symbols(input->type.dims, shape, &ignored).within("input '" + input->name + "'"));
  if (profile_ < engine_->profile_count()) {
    const auto& shapes = engine_->network().profiles[profile_].shapes;
    if (const auto entry = shapes.find(input->name); entry != shapes.end()) {
      for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] < entry->second.min[d] || shape[d] > entry->second.max[d])
          return invalid("input '" + input->name + "': dimension " + std::to_string(d) + " of " + to_text(shape) + " is outside profile " +
                         std::to_string(profile_) + ", which allows " + to_text(entry->second.min) + " to " + to_text(entry->second.max));
      }
    }
  }
  if (shapes_[index] == shape) return Ok{};
  shapes_[index] = shape;
  shapes_changed_ = true;
  return Ok{};
}

std::optional<Shape> ExecutionContext::input_shape(size_t io) const { return io < shapes_.size() ? shapes_[io] : std::nullopt; }

bool ExecutionContext::all_shapes_set() const {
  return std::all_of(shapes_.begin(), shapes_.end(), [](const auto& shape) { return shape.has_value(); });
}

Result<Shape> ExecutionContext::io_shape(size_t io) {
  const Dims& dims = engine_->io()[io].tensor->type.dims;
  if (io < shapes_.size() && shapes_[io]) return *shapes_[io];
  if (all_constant(dims)) return constant_shape(dims);
  if (all_shapes_set()) {
    TRY(make_launches());
    if (prepared_->is_late_io[io] && io < produced_io_.size() && !produced_io_[io].empty()) return produced_io_[io];
    return prepared_->io_shapes[io];
  }
  Shape open;
  for (const Dim& dim : dims) open.push_back(dim.is_constant() ? dim.value() : -1);
  return open;
}

Status ExecutionContext::set_address(size_t io, void* address) {
  addresses_[io] = address;
  // Shapes may hang on the values of host inputs.
  if (engine_->io()[io].is_input && engine_->io()[io].tensor->type.place == Place::kHost) shapes_changed_ = true;
  return Ok{};
}

void ExecutionContext::set_output_allocator(size_t io, OutputAllocator allocator) { allocators_[io] = std::move(allocator); }

Status ExecutionContext::set_device_memory(void* memory, size_t bytes) {
  if (memory && reinterpret_cast<uintptr_t>(memory) % 64 != 0) return invalid("memory for activations must be 64-byte aligned");
  user_memory_ = memory;
  user_memory_bytes_ = bytes;
  return Ok{};
}

size_t ExecutionContext::arena_bytes() const { return prepared_ ? prepared_->arena_bytes : 0; }
size_t ExecutionContext::arena_lower_bound() const { return prepared_ ? prepared_->lower_bound : 0; }

Status ExecutionContext::attach() {
  if (attached_) return Ok{};
  const MemoryFrom given(supply_);
  std::vector<std::unique_ptr<Kernel>> own(engine_->step_count());
  for (size_t step = 0; step < own.size(); ++step) {
    auto kernel = engine_->kernel(step).for_context();
    if (!kernel.ok()) return std::move(kernel).error().within("layer '" + engine_->layer(step).name + "'");
    own[step] = std::move(kernel).value();
  }
  own_kernels_ = std::move(own);
  attached_ = true;
  return Ok{};
}

Status ExecutionContext::reserve(size_t bytes, bool exactly) {
  const MemoryFrom given(supply_);
  if (arena_ && (exactly ? arena_capacity_ == bytes : arena_capacity_ >= bytes)) return Ok{};
  if (grow_arena(bytes)) return Ok{};
  arena_.reset();  // runs that wait on a stream hold it too
  arena_capacity_ = 0;
  void* memory = memory_.allocate(std::max<size_t>(bytes, 64));
  if (!memory) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes of activations");
  arena_ = std::shared_ptr<void>(memory, ArenaRelease{memory_.release, engine_});
  arena_capacity_ = bytes;
  return Ok{};
}

// Where nobody else holds the memory and its supply can make it larger. Nothing in it is still wanted, but it may be dear to take anew.
bool ExecutionContext::grow_arena(size_t bytes) {
  if (!arena_ || !memory_.grow || bytes <= arena_capacity_ || arena_.use_count() != 1) return false;
  void* memory = memory_.grow(arena_.get(), bytes);
  if (!memory) return false;
  std::get_deleter<ArenaRelease>(arena_)->release = [](void*) {};
  arena_ = std::shared_ptr<void>(memory, ArenaRelease{memory_.release, engine_});
  arena_capacity_ = bytes;
  return true;
}

Result<size_t> ExecutionContext::activation_bytes() {
  TRY(make_launches());
  return prepared_->total_bytes();
}

std::shared_ptr<void> ExecutionContext::take_temporary(size_t bytes) const {
  const MemoryFrom given(temporary_);
  const MemorySupply& from = temporary_ && !engine_->device().is_asynchronous() ? *temporary_ : memory_;
  void* memory = from.allocate(std::max<size_t>(bytes, 64));
  if (!memory) return nullptr;
  return std::shared_ptr<void>(memory, [release = from.release, engine = engine_](void* address) { release(address); });
}

Status ExecutionContext::make_launches() {
  const MemoryFrom given(supply_);
  TRY(attach());
  if (shapes_changed_ || !prepared_) {
    std::vector<Shape> shapes;
    std::vector<const void*> host;
    bool reads_values = false;
    for (size_t i = 0; i < shapes_.size(); ++i) {
      const Tensor* input = engine_->network().inputs()[i];
      if (!shapes_[i]) return invalid("the shape of input '" + input->name + "' " + to_text(input->type.dims) + " is not set");
      shapes.push_back(*shapes_[i]);
      host.push_back(input->type.place == Place::kHost ? addresses_[i] : nullptr);
      reads_values |= host.back() != nullptr;
    }
    std::shared_ptr<Prepared> made;
    if (!reads_values) {
      for (const auto& recent : recent_) {
        if (recent->input_shapes == shapes && recent->profile == profile_) made = recent;
      }
    }
    if (!made) {
      TRY_ASSIGN(made, prepare_engine(*engine_, shapes, profile_, true, host, own_kernels_));
      recent_.insert(recent_.begin(), made);
      if (recent_.size() > kRecentShapes) recent_.pop_back();
    }
    prepared_ = std::move(made);
    shapes_changed_ = false;
    produced_io_.assign(engine_->io().size(), {});
  }
  return Ok{};
}

Status ExecutionContext::prepare() {
  TRY(make_ready());
  record_ahead();
  return Ok{};
}

Status ExecutionContext::make_ready() {
  TRY(make_launches());
  const size_t bytes = prepared_->total_bytes();
  if (user_memory_) {
    if (user_memory_bytes_ < bytes)
      return invalid("the program's memory for activations has " + std::to_string(user_memory_bytes_) + " bytes; these shapes need " +
                     std::to_string(bytes));
    return Ok{};
  }
  return reserve(bytes);
}

Status ExecutionContext::check_addresses() {
  if (engine_->device().is_asynchronous()) {
    checked_addresses_.resize(addresses_.size(), nullptr);
    for (size_t i = 0; i < addresses_.size(); ++i) {
      const IoTensor& io = engine_->io()[i];
      if (!addresses_[i] || addresses_[i] == checked_addresses_[i] || io.tensor->type.place == Place::kHost) continue;
      TRY(engine_->device()
              .check_address(addresses_[i])
              .within(std::string(io.is_input ? "input" : "output") + " '" + io.tensor->name + "'"));
      checked_addresses_[i] = addresses_[i];
    }
  }
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i] || allocators_[i].allocate) continue;
    const IoTensor& io = engine_->io()[i];
    if (std::find(prepared_->io_shapes[i].begin(), prepared_->io_shapes[i].end(), -1) != prepared_->io_shapes[i].end())
      return invalid("output '" + io.tensor->name + "' has a shape that only the run tells; set an output allocator for it");
    if (prepared_->io_shapes[i].empty() || volume(prepared_->io_shapes[i]).value_or(1) > 0)
      return invalid(std::string(io.is_input ? "input" : "output") + " '" + io.tensor->name + "' has no address");
  }
  return Ok{};
}

ExecutionContext::Run* ExecutionContext::take_run() {
  while (true) {
    for (const auto& run : runs_) {
      bool idle = false;
      if (run->busy.compare_exchange_strong(idle, true, std::memory_order_acquire)) return run.get();
    }
    std::this_thread::yield();  // as many runs as fit wait on the stream
  }
}

// Keeps shapes, addresses and memory as they are now for as long as the context lives, which a graph's runs need.
ExecutionContext::Run* ExecutionContext::add_captured_run() {
  captured_runs_.push_back(std::make_unique<Run>());
  Run* run = captured_runs_.back().get();
  run->context = this;
  run->captured = true;
  run->addresses.resize(addresses_.size());
  return run;
}

Status ExecutionContext::enqueue(Stream stream) { return queue(stream, false); }

Status ExecutionContext::queue(Stream stream, bool waits) {
  const MemoryFrom given(supply_);
  TRY(make_ready());
  TRY(check_addresses());
  Run* run = engine_->device().is_captured(stream) ? add_captured_run() : take_run();
  run->prepared = prepared_;
  run->arena = user_memory_ ? nullptr : arena_;
  run->base = user_memory_ ? user_memory_ : arena_.get();
  run->stream = stream;
  run->listener = listener_;
  run->waits = waits;
  run->caller = std::this_thread::get_id();
  ran_here_ = false;
  std::copy(addresses_.begin(), addresses_.end(), run->addresses.begin());
  Status status = engine_->device().enqueue(stream, run_on_stream, run);
  if (!status.ok()) run->busy.store(false, std::memory_order_release);
  TRY(status);
  // Where the steps' work was queued or done here and now, what went wrong is known already.
  return !waits && (engine_->device().is_asynchronous() || ran_here_) ? take_run_error() : Status(Ok{});
}

Status ExecutionContext::execute(Stream stream) {
  TRY(queue(stream, true));
  TRY(engine_->device().synchronize(stream));
  return take_run_error();
}

Status ExecutionContext::take_run_error() {
  std::lock_guard lock(error_mutex_);
  if (!run_error_) return Ok{};
  Error error = std::move(*run_error_);
  run_error_.reset();
  return error;
}

void ExecutionContext::run_on_stream(void* handle) {
  Run& run = *static_cast<Run*>(handle);
  ExecutionContext& context = *run.context;
  // The stream's thread is none of ours: what a step's containers may throw ends here.
  const auto steps = [&]() -> Status {
    try {
      TRY_ASSIGN(const bool done, context.run_recorded(run));
      return done ? Status(Ok{}) : context.run_steps(run);
    } catch (const std::bad_alloc&) {
      return out_of_memory("memory ran out");  // short enough to need none
    } catch (const std::exception& failure) {
      return internal(failure.what());
    }
  };
  Status status = steps();
  const bool is_caller = run.caller == std::this_thread::get_id();
  if (is_caller) context.ran_here_ = true;
  if (!status.ok() && context.failure_listener_ && !run.waits && !is_caller) {
    context.failure_listener_(status.error());
  } else if (!status.ok()) {
    std::lock_guard lock(context.error_mutex_);
    if (!context.run_error_) context.run_error_ = std::move(status).error();
  }
  if (run.captured) return;
  run.prepared.reset();
  run.listener.reset();
  run.arena.reset();
  run.busy.store(false, std::memory_order_release);
}

Status ExecutionContext::resolve_late(Prepared& prepared, Run& run, size_t index, SymbolValues* values) {
  const Layer& layer = engine_->layer(index);
  const PreparedStep& step = prepared.steps[index];
  bool unknown = false;
  for (const Tensor* output : layer.outputs()) unknown |= depends_on_unknown(output->type.dims, *values);
  if (unknown) {
    // Inference once more, with the shapes and the small integer values that are there now.
    TensorTypes types;
    for (size_t i = 0; i < layer.inputs().size(); ++i) {
      const Tensor* input = layer.inputs()[i];
      TensorType type = input ? input->type : TensorType{};
      const Shape shape = shape_at(type.dims, *values);
      type.dims = to_dims(shape);
      type.values.reset();
      const void* data = prepared.pointers[step.inputs + i];
      TRY_ASSIGN(int64_t count, volume(shape));
      if (input && data && !is_floating(type.type) && count <= TensorType::kMostValues && layer.op().reads_values_of(i)) {
        TRY_ASSIGN(Array array, Array::make(type.type, shape));
        if (engine_->device().is_asynchronous() && !input->is_constant())
          TRY(engine_->device().copy(array.mutable_data(), data, array.byte_count(), run.stream));
        else
          array = Array::borrow(type.type, shape, data, nullptr);
        type.values.emplace();
        for (int64_t value : array.integers()) type.values->emplace_back(value);
      }
      types.push_back(std::move(type));
    }
    TRY_ASSIGN(TensorTypes inferred, layer.op().infer(types));
    for (size_t o = 0; o < layer.outputs().size() && o < inferred.size(); ++o) {
      // Some dims may be known now, and others only when the layer has run.
      Dims told;
      Shape shape;
      for (size_t d = 0; d < std::min(inferred[o].dims.size(), layer.output(o)->type.dims.size()); ++d) {
        if (!inferred[o].dims[d].is_constant()) continue;
        told.push_back(layer.output(o)->type.dims[d]);
        shape.push_back(inferred[o].dims[d].value());
      }
      TRY(bind_symbols(told, shape, values));
    }
  }
  if (step.is_view) return Ok{};  // what it views has its memory, with values in it
  SymbolValues most = *values;
  bind_bounds(engine_->network(), &most);
  for (size_t o = 0; o < layer.outputs().size(); ++o) {
    const Tensor* output = layer.output(o);
    const uint32_t slot = step.outputs + static_cast<uint32_t>(o);
    const Location& location = prepared.slots[slot];
    const bool on_request = location.kind == Location::kIo && allocators_[location.offset].allocate && prepared.is_late_io[location.offset];
    if (location.kind != Location::kLate && !on_request) continue;
    if (depends_on_unknown(output->type.dims, most))
      return unsupported("the shape " + to_text(output->type.dims) + " of '" + output->name +
                         "' is not known before its values are, and nothing bounds it");
    TRY_ASSIGN(size_t bytes, storage_bytes(output->type.type, engine_->choice(index).output_formats[o], shape_at(output->type.dims, most)));
    if (on_request) {
      void* memory = allocators_[location.offset].allocate(output->name, run.addresses[location.offset], bytes);
      if (!memory && bytes > 0)
        return out_of_memory("the output allocator of '" + output->name + "' gave no memory for " + std::to_string(bytes) + " bytes");
      run.addresses[location.offset] = memory;
      for (const auto& [io_slot, io] : prepared.io_slots) {
        if (io == location.offset) prepared.pointers[io_slot] = memory;
      }
      continue;
    }
    Prepared::LateBuffer& buffer = prepared.late_buffers[location.offset];
    if (buffer.bytes < bytes || !buffer.memory) {
      buffer.memory = take_temporary(bytes);
      buffer.bytes = 0;
      if (!buffer.memory) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes of '" + output->name + "'");
      buffer.bytes = bytes;
    }
    for (uint32_t late_slot : buffer.slots) prepared.pointers[late_slot] = buffer.memory.get();
  }
  return Ok{};
}

Status ExecutionContext::stage_host_inputs(Run& run) {
  Device& device = engine_->device();
  staged_.resize(addresses_.size());
  host_addresses_.assign(addresses_.size(), nullptr);
  for (size_t i = 0; i < addresses_.size(); ++i) {
    const IoTensor& io = engine_->io()[i];
    if (io.tensor->type.place != Place::kHost || !run.addresses[i]) continue;
    TRY_ASSIGN(const size_t bytes, storage_bytes(io.tensor->type.type, io.format, run.prepared->io_shapes[i]));
    staged_[i] = take_temporary(bytes);
    if (!staged_[i]) return out_of_memory("no memory for " + std::to_string(bytes) + " bytes of '" + io.tensor->name + "'");
    host_addresses_[i] = run.addresses[i];
    run.addresses[i] = staged_[i].get();
    if (io.is_input) TRY(device.copy(staged_[i].get(), host_addresses_[i], bytes, run.stream));
  }
  return Ok{};
}

Status ExecutionContext::fetch_host_outputs(Run& run) {
  for (size_t i = engine_->network().inputs().size(); i < addresses_.size(); ++i) {
    if (!host_addresses_[i]) continue;
    const IoTensor& io = engine_->io()[i];
    TRY_ASSIGN(const size_t bytes, storage_bytes(io.tensor->type.type, io.format, run.prepared->io_shapes[i]));
    TRY(engine_->device().copy(host_addresses_[i], staged_[i].get(), bytes, run.stream));
  }
  return Ok{};
}

bool ExecutionContext::is_recorded(const Prepared& prepared) const {
  static const bool shown = debug_enabled("steps");
  const auto allocates = [](const OutputAllocator& allocator) {
    return static_cast<bool>(allocator.allocate) || static_cast<bool>(allocator.notify_shape);
  };
  return engine_->device().is_asynchronous() && prepared.failed_recordings < kRecordingTrials && !prepared.any_late && !has_host_io_ &&
         !profiler_ && !listener_ && !shown && std::none_of(allocators_.begin(), allocators_.end(), allocates) &&
         std::all_of(own_kernels_.begin(), own_kernels_.end(), [](const auto& kernel) { return kernel == nullptr; });
}

Result<Recording*> ExecutionContext::recording_of(Prepared& prepared, void* base, const std::vector<void*>& addresses) {
  auto recording = prepared.recordings.get(*engine_, prepared, base, addresses);
  if (!recording.ok()) {
    ++prepared.failed_recordings;
    debug("steps", "the steps are not recorded: " + recording.error().message);
  }
  return recording;
}

void ExecutionContext::record_ahead() {
  void* base = user_memory_ ? user_memory_ : arena_.get();
  if (!is_recorded(*prepared_) || !prepared_->recordings.empty() || !base) return;
  std::vector<void*> addresses = addresses_;
  for (void*& address : addresses) {
    if (!address) address = base;  // stands in until there is one
  }
  // A run tries again, and says what fails.
  (void)recording_of(*prepared_, base, addresses);
}

Result<bool> ExecutionContext::run_recorded(Run& run) {
  if (run.captured || run.listener || !is_recorded(*run.prepared)) return false;
  const auto recording = recording_of(*run.prepared, run.base, run.addresses);
  // A kernel's code that cannot be loaded while steps are recorded is there after a run.
  if (!recording.ok()) return false;
  TRY(engine_->device().replay(**recording, run.stream));
  return true;
}

Status ExecutionContext::run_steps(Run& run) {
  using Clock = std::chrono::steady_clock;
  Prepared& prepared = *run.prepared;
  if (prepared.base != run.base) prepared.point_at(run.base);
  for (size_t i = engine_->network().inputs().size(); i < allocators_.size(); ++i) {
    if (!allocators_[i].allocate) continue;
    const IoTensor& io = engine_->io()[i];
    if (prepared.is_late_io[i]) continue;  // when the producing step is reached
    TRY_ASSIGN(size_t bytes, storage_bytes(io.tensor->type.type, io.format, prepared.io_shapes[i]));
    run.addresses[i] = allocators_[i].allocate(io.tensor->name, run.addresses[i], bytes);
    if (!run.addresses[i] && bytes > 0)
      return out_of_memory("the output allocator of '" + io.tensor->name + "' gave no memory for " + std::to_string(bytes) + " bytes");
  }
  const bool asynchronous = engine_->device().is_asynchronous();
  if (asynchronous && has_host_io_) TRY(stage_host_inputs(run));
  for (const auto& [slot, io] : prepared.io_slots) prepared.pointers[slot] = run.addresses[io];
  SymbolValues values;
  if (prepared.any_late) values = prepared.known;
  void* workspace = static_cast<std::byte*>(run.base) + prepared.arena_bytes;
  RunArguments arguments{nullptr, nullptr, workspace, &ThreadPool::shared(), run.stream};
  static const bool shown = debug_enabled("steps");
  const bool timed = profiler_ || shown;
  // Of an asynchronous device the time of a step, and its outputs, are there when the stream is done with it.
  const bool waits = engine_->device().is_asynchronous() && (timed || run.listener);
  if (waits) TRY(engine_->device().synchronize(run.stream));
  std::shared_ptr<void> late_workspace;
  for (size_t i = 0; i < prepared.steps.size(); ++i) {
    const PreparedStep& step = prepared.steps[i];
    const auto begin = timed ? Clock::now() : Clock::time_point();
    const Launch* launch = step.launch.get();
    std::unique_ptr<Launch> late;
    arguments.inputs = prepared.pointers.data() + step.inputs;
    arguments.outputs = prepared.pointers.data() + step.outputs;
    arguments.workspace = workspace;
    if (step.is_late) TRY(resolve_late(prepared, run, i, &values).within("layer '" + engine_->layer(i).name + "'"));
    if (step.is_late && !step.is_view) {
      const Layer& layer = engine_->layer(i);
      SymbolValues most = values;
      bind_bounds(engine_->network(), &most);
      std::vector<Shape> inputs, outputs;
      for (const Tensor* input : layer.inputs()) inputs.push_back(input ? shape_at(input->type.dims, values) : Shape{});
      for (const Tensor* output : layer.outputs())
        outputs.push_back(shape_at(output->type.dims, depends_on_unknown(output->type.dims, values) ? most : values));
      auto made = (own_kernels_[i] ? *own_kernels_[i] : engine_->kernel(i)).launch(inputs, outputs);
      if (!made.ok()) return std::move(made).error().within("layer '" + layer.name + "'");
      late = std::move(made).value();
      launch = late.get();
      if (launch->workspace_bytes() > prepared.workspace_bytes) {
        late_workspace = take_temporary(launch->workspace_bytes());
        if (!late_workspace)
          return out_of_memory("no memory for " + std::to_string(launch->workspace_bytes()) + " bytes of workspace")
              .within("layer '" + layer.name + "'");
        arguments.workspace = late_workspace.get();
      }
    }
    if (launch) {
      Status status = launch->run(arguments);
      if (!status.ok()) return std::move(status).within("layer '" + engine_->layer(i).name + "'");
      if (step.produces_shapes) {
        const std::vector<Shape> produced = launch->produced_shapes();
        const Layer& layer = engine_->layer(i);
        SymbolValues most = values;
        bind_bounds(engine_->network(), &most);
        for (size_t o = 0; o < layer.outputs().size(); ++o) {
          const Dims& dims = layer.output(o)->type.dims;
          TRY(bind_symbols(dims, o < produced.size() ? produced[o] : shape_at(dims, most), &values).within("layer '" + layer.name + "'"));
        }
      }
    }
    if (waits) TRY(engine_->device().synchronize(run.stream));
    if (timed) {
      const float ms = std::chrono::duration<float, std::milli>(Clock::now() - begin).count();
      if (shown) print_step(*engine_, i, prepared.any_late ? values : prepared.known, step.is_view, ms);
      if (profiler_) profiler_(engine_->layer(i).name, ms);
    }
    if (run.listener) {
      const Layer& layer = engine_->layer(i);
      std::vector<const void*> outputs;
      std::vector<Shape> shapes;
      for (size_t o = 0; o < layer.outputs().size(); ++o) {
        outputs.push_back(prepared.pointers[step.outputs + o]);
        shapes.push_back(shape_at(layer.output(o)->type.dims, prepared.any_late ? values : prepared.known));
      }
      (*run.listener)(i, outputs, shapes);
    }
  }
  if (asynchronous && has_host_io_) TRY(fetch_host_outputs(run));
  if (prepared.any_late) {
    produced_io_.resize(engine_->io().size());
    for (size_t i = 0; i < engine_->io().size(); ++i) produced_io_[i] = shape_at(engine_->io()[i].tensor->type.dims, values);
  }
  for (size_t i = engine_->network().inputs().size(); i < allocators_.size(); ++i) {
    if (allocators_[i].notify_shape)
      allocators_[i].notify_shape(engine_->io()[i].tensor->name, prepared.any_late ? produced_io_[i] : prepared.io_shapes[i]);
  }
  return Ok{};
}

}  // namespace ingot
