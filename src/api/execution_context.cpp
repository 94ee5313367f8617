#include "api/execution_context.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "api/adapters/gpu_allocator.h"
#include "runtime/execution_context.h"

namespace ingot::api {

using nvinfer1::ExecutionContextAllocationStrategy;
using nvinfer1::IErrorRecorder;
using nvinfer1::IGpuAllocator;
using nvinfer1::IOutputAllocator;
using nvinfer1::IProfiler;

namespace {

// cudaEventRecord of the runtime that the program loaded; the library links none.
Status record_event(cudaEvent_t event, cudaStream_t stream) {
  static int (*record)(cudaEvent_t, cudaStream_t) = [] {
    void* symbol = dlsym(RTLD_DEFAULT, "cudaEventRecord");
    int (*function)(cudaEvent_t, cudaStream_t) = nullptr;
    std::memcpy(&function, &symbol, sizeof symbol);
    return function;
  }();
  if (!event) return Ok{};
  if (!record) return invalid("an event is given, but the program has loaded no CUDA runtime");
  if (const int code = record(event, stream)) return internal("cudaEventRecord failed with code " + std::to_string(code));
  return Ok{};
}

// Whoever waits for the stream that this thread works on gets an error, where the program loaded the stand-in for the CUDA runtime.
void fail_stream() {
  static int (*fail)() = [] {
    void* symbol = dlsym(RTLD_DEFAULT, "ingotCudartFailWork");
    int (*function)() = nullptr;
    std::memcpy(&function, &symbol, sizeof symbol);
    return function;
  }();
  if (fail) (void)fail();
}

class ContextFacade final : public nvinfer1::IExecutionContext {
 public:
  ContextFacade(EngineFacade& engine, ExecutionContextAllocationStrategy strategy)
      : engine_(engine),
        reporter_(engine.reporter()),
        strategy_(strategy),
        context_(std::make_unique<ExecutionContext>(
            engine.core(), supply_of(engine.memory().allocator, strategy != ExecutionContextAllocationStrategy::kSTATIC))) {
    allocators_.resize(engine.core()->io().size(), nullptr);
    ++*contexts_;
  }
  ~ContextFacade() noexcept override { --*contexts_; }

  Status attach() {
    config_ = make_runtime_config(strategy_);
    context_->set_failure_listener(failure_listener());
    TRY(context_->attach());
    return reserve(*context_);
  }
  nvinfer1::ICudaEngine const& getEngine() const noexcept override { return engine_; }
  void setName(char const* name) noexcept override {
    guarded(reporter_, [&] { name_ = name ? name : ""; });
  }
  char const* getName() const noexcept override { return name_.c_str(); }

  bool setOptimizationProfileAsync(int32_t profile, cudaStream_t) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      if (profile < 0) return invalid("there is no profile " + std::to_string(profile));
      ExecutionContext& own = context();
      const bool changes = own.profile() != static_cast<size_t>(profile);
      TRY(own.set_profile(static_cast<size_t>(profile)));
      return changes && strategy_ == ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE ? reserve(own) : Status(Ok{});
    });
  }
  int32_t getOptimizationProfile() const noexcept override { return static_cast<int32_t>(context().profile()); }
  bool setOptimizationProfile(int32_t profile) noexcept override { return setOptimizationProfileAsync(profile, nullptr); }

  int32_t inferShapes(int32_t most_names, char const** names) noexcept override {
    return guarded(reporter_, int32_t{-1}, [&]() -> Result<int32_t> {
      int32_t missing = 0;
      const auto& io = engine_.core()->io();
      for (size_t i = 0; i < io.size() && io[i].is_input; ++i) {
        const bool lacks_values = io[i].tensor->type.place == Place::kHost && !context().address(i);
        if (context().input_shape(i) && !lacks_values) continue;
        if (names && missing < most_names) names[missing] = io[i].tensor->name.c_str();
        ++missing;
      }
      if (missing == 0) TRY(context().activation_bytes());
      return missing;
    });
  }
  bool allInputDimensionsSpecified() const noexcept override { return context().all_shapes_set(); }
  bool allInputShapesSpecified() const noexcept override {
    const auto& io = engine_.core()->io();
    for (size_t i = 0; i < io.size() && io[i].is_input; ++i) {
      if (io[i].tensor->type.place == Place::kHost && !context().address(i)) return false;
    }
    return true;
  }
  int64_t getMaxOutputSize(char const* name) const noexcept override {
    const int index = engine_.find(name);
    if (index < 0) return -1;
    return guarded(reporter_, int64_t{0}, [&]() -> Result<int64_t> {
      TRY_ASSIGN(Shape shape, context().io_shape(static_cast<size_t>(index)));
      for (int64_t size : shape) {
        if (size < 0) return int64_t{0};
      }
      const IoTensor& io = engine_.core()->io()[static_cast<size_t>(index)];
      TRY_ASSIGN(size_t bytes, storage_bytes(io.tensor->type.type, io.format, shape));
      return static_cast<int64_t>(bytes);
    });
  }

  bool setTensorAddress(char const* name, void* data) noexcept override {
    const int index = engine_.find(name);
    return index >= 0 && guarded(reporter_, false, [&] { return context().set_address(static_cast<size_t>(index), data); });
  }
  bool setInputTensorAddress(char const* name, void const* data) noexcept override {
    return of_kind(name, true) && setTensorAddress(name, const_cast<void*>(data));
  }
  bool setOutputTensorAddress(char const* name, void* data) noexcept override {
    return of_kind(name, false) && setTensorAddress(name, data);
  }
  void const* getTensorAddress(char const* name) const noexcept override {
    const int index = engine_.find(name);
    return index < 0 ? nullptr : context().address(static_cast<size_t>(index));
  }
  void* getOutputTensorAddress(char const* name) const noexcept override {
    return of_kind(name, false) ? const_cast<void*>(getTensorAddress(name)) : nullptr;
  }
  bool setOutputAllocator(char const* name, IOutputAllocator* allocator) noexcept override {
    const int index = of_kind(name, false) ? engine_.find(name) : -1;
    return index >= 0 && guarded(reporter_, false, [&]() -> Status {
             allocators_[static_cast<size_t>(index)] = allocator;
             context().set_output_allocator(static_cast<size_t>(index), adapter_of(allocator));
             return Ok{};
           });
  }
  IOutputAllocator* getOutputAllocator(char const* name) const noexcept override {
    const int index = engine_.find(name);
    return index < 0 ? nullptr : allocators_[static_cast<size_t>(index)];
  }

  bool enqueueV3(cudaStream_t stream) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY(check_ready());
      TRY(run(stream, has_allocator()));
      return record_event(consumed_, stream);
    });
  }
  bool executeV2(void* const* bindings) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY(bind(bindings));
      return run(nullptr, true);
    });
  }
  bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* consumed) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      TRY(bind(bindings));
      TRY(run(stream, false));
      return consumed ? record_event(*consumed, stream) : Status(Ok{});
    });
  }
  bool execute(int32_t batch, void* const* bindings) noexcept override { return set_batch(batch) && executeV2(bindings); }
  bool enqueue(int32_t batch, void* const* bindings, cudaStream_t stream, cudaEvent_t* consumed) noexcept override {
    return set_batch(batch) && enqueueV2(bindings, stream, consumed);
  }
  bool setInputConsumedEvent(cudaEvent_t event) noexcept override {
    consumed_ = event;
    return true;
  }
  cudaEvent_t getInputConsumedEvent() const noexcept override { return consumed_; }
  void setAuxStreams(cudaStream_t* streams, int32_t count) noexcept override {
    guarded(reporter_, [&]() -> Status {
      if (count < 0 || (count > 0 && !streams)) return invalid("setAuxStreams: " + std::to_string(count) + " streams at no address");
      return Ok{};
    });
  }

  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override {
    guarded(reporter_, [&]() -> Status {
      if (size < 0) return invalid("the size of device memory is " + std::to_string(size) + "; it is not negative");
      user_memory_ = memory;
      user_memory_bytes_ = static_cast<size_t>(size);
      return context().set_device_memory(memory, user_memory_bytes_);
    });
  }
  void setDeviceMemory(void* memory) noexcept override { setDeviceMemoryV2(memory, memory ? engine_.getDeviceMemorySizeV2() : 0); }
  std::size_t updateDeviceMemorySizeForShapes() noexcept override {
    return guarded(reporter_, std::size_t{0}, [&] { return context().activation_bytes(); });
  }
  bool setTemporaryStorageAllocator(IGpuAllocator* allocator) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      temporary_ = allocator;
      context().set_temporary_memory(supply_of(allocator));
      return Ok{};
    });
  }
  IGpuAllocator* getTemporaryStorageAllocator() const noexcept override { return temporary_; }
  void setPersistentCacheLimit(std::size_t size) noexcept override { persistent_cache_ = size; }
  std::size_t getPersistentCacheLimit() const noexcept override { return persistent_cache_; }
  nvinfer1::IRuntimeConfig* getRuntimeConfig() const noexcept override { return config_.get(); }

  void setProfiler(IProfiler* profiler) noexcept override {
    profiler_ = profiler;
    update_profiler();
  }
  IProfiler* getProfiler() const noexcept override { return profiler_; }
  void setEnqueueEmitsProfile(bool emits) noexcept override {
    emits_ = emits;
    update_profiler();
  }
  bool getEnqueueEmitsProfile() const noexcept override { return emits_; }
  bool reportToProfiler() const noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!profiler_) return invalid("reportToProfiler: the context has no profiler; call setProfiler");
      if (times_.empty()) return invalid("reportToProfiler: there is no run whose times were not reported yet");
      for (const auto& [layer, ms] : times_) profiler_->reportLayerTime(layer.c_str(), ms);
      times_.clear();
      return Ok{};
    });
  }
  void setDebugSync(bool sync) noexcept override { debug_sync_ = sync; }
  bool getDebugSync() const noexcept override { return debug_sync_; }
  bool setNvtxVerbosity(nvinfer1::ProfilingVerbosity verbosity) noexcept override {
    const auto word = static_cast<int32_t>(verbosity);
    if (word < 0 || word >= nvinfer1::EnumMax<nvinfer1::ProfilingVerbosity>()) return false;
    nvtx_ = verbosity;
    return true;
  }
  nvinfer1::ProfilingVerbosity getNvtxVerbosity() const noexcept override { return nvtx_; }
  bool setDebugListener(nvinfer1::IDebugListener* listener) noexcept override {
    listener_ = listener;
    return watch();
  }
  nvinfer1::IDebugListener* getDebugListener() noexcept override { return listener_; }
  bool setTensorDebugState(char const* name, bool on) noexcept override {
    return guarded(reporter_, false,
                   [&]() -> Status {
                     if (!name || !engine_.debug_tensors().contains(name))
                       return invalid("the tensor '" + std::string(name ? name : "") + "' is not marked for debugging");
                     if (on)
                       shown_.insert(name);
                     else
                       shown_.erase(name);
                     return Ok{};
                   }) &&
           watch();
  }
  bool getDebugState(char const* name) const noexcept override {
    return guarded(reporter_, false, [&] { return name && shown_.contains(name); });
  }
  bool setAllTensorsDebugState(bool on) noexcept override {
    return guarded(reporter_, false,
                   [&]() -> Status {
                     shown_ = on ? engine_.debug_tensors() : std::set<std::string>();
                     return Ok{};
                   }) &&
           watch();
  }
  bool setUnfusedTensorsDebugState(bool on) noexcept override {
    return guarded(reporter_, false,
                   [&]() -> Status {
                     if (on && engine_.unfused_tensors().empty())
                       return invalid("setUnfusedTensorsDebugState: the network was built without markUnfusedTensorsAsDebugTensors()");
                     shows_unfused_ = on;
                     return Ok{};
                   }) &&
           watch();
  }
  bool getUnfusedTensorsDebugState() const noexcept override { return shows_unfused_; }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  // Collectives of one rank need none, so it is taken and not used.
  bool setCommunicator(void* communicator) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!communicator) return invalid("setCommunicator: the communicator is null");
      return Ok{};
    });
  }

  bool setInputShapeBinding(int32_t binding, int32_t const* data) noexcept override {
    const char* name = engine_.getBindingName(binding);
    return name && data && setTensorAddress(name, const_cast<int32_t*>(data));
  }
  bool getShapeBinding(int32_t binding, int32_t* data) const noexcept override {
    const char* name = engine_.getBindingName(binding);
    if (!name || !data) return false;
    const auto* values = static_cast<const int32_t*>(getTensorAddress(name));
    if (!values) return false;
    return guarded(reporter_, false, [&]() -> Status {
      TRY_ASSIGN(Shape shape, context().io_shape(static_cast<size_t>(engine_.io_of_binding(binding))));
      TRY_ASSIGN(int64_t count, volume(shape));
      std::memcpy(data, values, static_cast<size_t>(count) * sizeof(int32_t));
      return Ok{};
    });
  }

 protected:
  bool setInputShape64_(char const* name, WideDims const& dims) noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      if (!name) return invalid("the name of an input is null");
      TRY_ASSIGN(Shape shape, to_shape(dims));
      return context().set_input_shape(name, shape);
    });
  }
  WideDims getTensorShape64_(char const* name) const noexcept override {
    const int index = engine_.find(name);
    if (index < 0) return invalid_dims();
    return guarded(reporter_, invalid_dims(), [&]() -> Result<WideDims> {
      TRY_ASSIGN(Shape shape, context().io_shape(static_cast<size_t>(index)));
      return engine_.visible(to_api(shape));
    });
  }
  WideDims getTensorStrides64_(char const* name) const noexcept override {
    const int index = engine_.find(name);
    if (index < 0) return invalid_dims();
    return guarded(reporter_, invalid_dims(), [&]() -> Result<WideDims> {
      TRY_ASSIGN(Shape shape, context().io_shape(static_cast<size_t>(index)));
      const Format format = engine_.core()->io()[static_cast<size_t>(index)].format;
      const bool channels_last =
          format == Format::kHwc || format == Format::kChannelsLast || format == Format::kHwc8 || format == Format::kHwc16;
      if (!channels_last || shape.size() < 3) return to_api(row_major_strides(shape));
      const int64_t group = format == Format::kHwc8    ? 8
                            : format == Format::kHwc16 ? 16
                                                       : 1,
                    channels = (shape[1] + group - 1) / group * group;
      Shape strides(shape.size(), 1);
      int64_t step = channels;
      for (size_t i = shape.size(); i-- > 2;) {
        strides[i] = step;
        step *= shape[i];
      }
      strides[0] = step;
      return to_api(strides);
    });
  }
  bool setBindingDimensions64_(int32_t binding, WideDims const& dims) noexcept override {
    return setInputShape64_(engine_.getBindingName(binding), dims);
  }
  WideDims getBindingDimensions64_(int32_t binding) const noexcept override { return getTensorShape64_(engine_.getBindingName(binding)); }
  WideDims getStrides64_(int32_t binding) const noexcept override { return getTensorStrides64_(engine_.getBindingName(binding)); }

 private:
  ExecutionContext::OutputAllocator adapter_of(IOutputAllocator* allocator) const {
    ExecutionContext::OutputAllocator adapter;
    if (!allocator) return adapter;
    adapter.allocate = [allocator](const std::string& tensor, void* current, size_t bytes) -> void* {
      return allocator->reallocateOutputAsync(tensor.c_str(), current, bytes, 256, nullptr);
    };
    adapter.notify_shape = [this, allocator](const std::string& tensor, const Shape& shape) {
      allocator->notifyShape64_(tensor.c_str(), engine_.visible(to_api(shape)));
    };
    return adapter;
  }
  // The core's context; where the engine was refitted since, one of the new engine with the same shapes and addresses.
  ExecutionContext& context() const {
    const std::shared_ptr<const Engine> now = engine_.core();
    if (&context_->engine() == now.get()) return *context_;
    auto fresh = std::make_unique<ExecutionContext>(
        now, supply_of(engine_.memory().allocator, strategy_ != ExecutionContextAllocationStrategy::kSTATIC));
    (void)fresh->set_profile(context_->profile());
    for (size_t i = 0; i < now->io().size(); ++i) {
      if (const auto shape = context_->input_shape(i); shape && now->io()[i].is_input)
        (void)fresh->set_input_shape(now->io()[i].tensor->name, *shape);
      (void)fresh->set_address(i, context_->address(i));
      fresh->set_output_allocator(i, adapter_of(allocators_[i]));
    }
    fresh->set_profiler(context_->profiler());
    fresh->set_step_listener(step_listener());
    fresh->set_failure_listener(failure_listener());
    (void)fresh->set_device_memory(user_memory_, user_memory_bytes_);
    fresh->set_temporary_memory(supply_of(temporary_));
    context_ = std::move(fresh);
    (void)reserve(*context_);  // where there is none now, the next run asks again
    return *context_;
  }
  // Takes the memory of activations as the strategy says: for the largest shapes of all profiles, or of the chosen one. Shapes that
  // nothing bounds take theirs when they are set.
  Status reserve(ExecutionContext& context) const {
    if (strategy_ == ExecutionContextAllocationStrategy::kUSER_MANAGED || user_memory_) return Ok{};
    const auto taken = [&]() -> Status {
      const auto& io = engine_.core()->io();
      const bool reads_values = std::any_of(
          io.begin(), io.end(), [](const IoTensor& tensor) { return tensor.is_input && tensor.tensor->type.place == Place::kHost; });
      if (context.all_shapes_set() && !reads_values) return context.prepare();
      const bool one = strategy_ == ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE;
      TRY_ASSIGN(const size_t bytes, engine_.activation_bytes(one ? static_cast<int32_t>(context.profile()) : -1));
      return context.reserve(bytes, one);
    };
    Status status = taken();
    if (status.ok() || status.error().code == ErrorCode::kOutOfMemory) return status;
    reporter_.log().verbose("memory of activations is taken at the first run: " + status.error().message);
    return Ok{};
  }
  bool of_kind(char const* name, bool input) const noexcept {
    const int index = engine_.find(name);
    if (index < 0) return false;
    if (engine_.core()->io()[static_cast<size_t>(index)].is_input == input) return true;
    return guarded(reporter_, false,
                   [&]() -> Status { return invalid("'" + std::string(name) + "' is " + (input ? "an output" : "an input")); });
  }
  bool has_allocator() const {
    for (const IOutputAllocator* allocator : allocators_) {
      if (allocator) return true;
    }
    return false;
  }
  // All inputs get so many rows; without an implicit batch there is one.
  bool set_batch(int32_t batch) noexcept {
    return guarded(reporter_, false, [&]() -> Status {
      if (!engine_.hasImplicitBatchDimension()) {
        if (batch == 1) return Ok{};
        return invalid("a batch of " + std::to_string(batch) +
                       " is asked for, but the engine has no implicit batch; set the input's shape and call executeV2 or enqueueV3");
      }
      if (batch < 1 || batch > engine_.getMaxBatchSize())
        return invalid("the batch is " + std::to_string(batch) + "; the engine was built for 1 to " +
                       std::to_string(engine_.getMaxBatchSize()));
      for (const Tensor* input : engine_.core()->network().inputs()) {
        Shape shape;
        for (const Dim& dim : input->type.dims) shape.push_back(dim.constant().value_or(batch));
        TRY(context().set_input_shape(input->name, shape));
      }
      return Ok{};
    });
  }
  // A plan without weights gets them first; with kUSER_MANAGED the program brings the memory before the first run.
  Status check_ready() const {
    if (const std::vector<std::string> missing = engine_.missing_weights(); !missing.empty())
      return invalid("the plan was written without its weights, and " + std::to_string(missing.size()) + " are still missing ('" +
                     missing[0] + "' is one); give them with an IRefitter or an IParserRefitter");
    if (strategy_ != ExecutionContextAllocationStrategy::kUSER_MANAGED || user_memory_ || engine_.getDeviceMemorySizeV2() == 0) return Ok{};
    return invalid("the context was created without device memory; call setDeviceMemoryV2 with " +
                   std::to_string(engine_.getDeviceMemorySizeV2()) + " bytes");
  }
  Status bind(void* const* bindings) {
    TRY(check_ready());
    if (!bindings) return invalid("the bindings are null");
    const size_t count = engine_.core()->io().size();
    const size_t first = context().profile() * count;  // each profile has bindings of its own
    for (size_t i = 0; i < count; ++i) TRY(context().set_address(i, bindings[first + i]));
    return Ok{};
  }
  // What fails on a stream of the CPU is told at once, though nobody waits for it.
  ExecutionContext::FailureListener failure_listener() const {
    return [this](const Error& error) {
      reporter_.report(error);
      fail_stream();
    };
  }
  // One run, or its place in the stream. What an earlier asynchronous run left behind is told here.
  Status run(cudaStream_t stream, bool waits) {
    TRY(context().take_run_error());
    stream_ = stream;
    if (is_watching()) {
      debug_error_.reset();
      TRY(show_inputs());
      TRY(context().execute(Stream{stream}));
      return debug_error_ ? Status(*debug_error_) : Status(Ok{});
    }
    return waits || profiler_ || debug_sync_ ? context().execute(Stream{stream}) : context().enqueue(Stream{stream});
  }

  // ---- Debug tensors ----

  bool is_watching() const { return listener_ && (!shown_.empty() || shows_unfused_); }
  bool is_shown(const std::string& name) const {
    if (engine_.debug_tensors().contains(name)) return shown_.contains(name);
    return shows_unfused_ && engine_.unfused_tensors().contains(name);
  }
  // Hands one tensor to the program; the first failure is kept for the end of the run.
  void show(const Tensor& tensor, const void* address, const Shape& shape) {
    const auto fail = [&](const std::string& what) {
      if (!debug_error_) debug_error_ = Error{ErrorCode::kInvalid, "the debug listener " + what + " the tensor '" + tensor.name + "'"};
    };
    try {
      const auto place = tensor.type.place == Place::kHost ? nvinfer1::TensorLocation::kHOST : nvinfer1::TensorLocation::kDEVICE;
      if (!listener_->processDebugTensor64_(address, place, to_api(tensor.type.type), engine_.visible(to_api(shape)), tensor.name.c_str(),
                                            stream_))
        fail("returned false for");
    } catch (...) {
      fail("threw at");
    }
  }
  // Inputs are there before the first step is.
  Status show_inputs() {
    const auto& io = engine_.core()->io();
    for (size_t i = 0; i < io.size() && io[i].is_input; ++i) {
      if (!is_shown(io[i].tensor->name) || !context().address(i)) continue;
      TRY(engine_.core()->device().synchronize(Stream{stream_}));
      TRY_ASSIGN(const Shape shape, context().io_shape(i));
      show(*io[i].tensor, context().address(i), shape);
    }
    return Ok{};
  }
  ExecutionContext::StepListener step_listener() const {
    if (!is_watching()) return {};
    auto* self = const_cast<ContextFacade*>(this);
    return [self](size_t step, const std::vector<const void*>& outputs, const std::vector<Shape>& shapes) {
      const Layer& layer = self->context_->engine().layer(step);
      for (size_t o = 0; o < outputs.size(); ++o) {
        if (layer.output(o) && self->is_shown(layer.output(o)->name)) self->show(*layer.output(o), outputs[o], shapes[o]);
      }
    };
  }
  bool watch() noexcept {
    return guarded(reporter_, false, [&]() -> Status {
      context().set_step_listener(step_listener());
      return Ok{};
    });
  }

  void update_profiler() noexcept {
    guarded(reporter_, [&] {
      if (!profiler_) return context().set_profiler({});
      context().set_profiler([this](const std::string& layer, float ms) {
        if (emits_)
          profiler_->reportLayerTime(layer.c_str(), ms);
        else
          times_.emplace_back(layer, ms);
      });
    });
  }

  EngineFacade& engine_;
  std::shared_ptr<std::atomic<int>> contexts_ = engine_.contexts();
  mutable Reporter reporter_;
  ExecutionContextAllocationStrategy strategy_;
  std::unique_ptr<nvinfer1::IRuntimeConfig> config_;
  mutable std::unique_ptr<ExecutionContext> context_;
  std::string name_;
  void* user_memory_ = nullptr;
  size_t user_memory_bytes_ = 0;
  std::vector<IOutputAllocator*> allocators_;
  cudaEvent_t consumed_ = nullptr;
  IGpuAllocator* temporary_ = nullptr;
  std::size_t persistent_cache_ = 0;
  IProfiler* profiler_ = nullptr;
  bool emits_ = true, debug_sync_ = false;
  mutable std::vector<std::pair<std::string, float>> times_;
  nvinfer1::ProfilingVerbosity nvtx_ = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  nvinfer1::IDebugListener* listener_ = nullptr;
  std::set<std::string> shown_;
  bool shows_unfused_ = false;
  cudaStream_t stream_ = nullptr;  // of the run at hand
  std::optional<Error> debug_error_;
};

}  // namespace

Result<nvinfer1::IExecutionContext*> make_context(EngineFacade& engine, ExecutionContextAllocationStrategy strategy) {
  auto context = std::make_unique<ContextFacade>(engine, strategy);
  TRY(context->attach());
  return static_cast<nvinfer1::IExecutionContext*>(context.release());
}

}  // namespace ingot::api
