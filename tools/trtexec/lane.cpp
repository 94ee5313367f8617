#include "lane.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "files.h"
#include "log.h"

namespace ingot::trtexec {

using nvinfer1::DataType;
using nvinfer1::Dims;
using nvinfer1::ICudaEngine;

namespace {

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

bool dynamic(const Dims& dims) {
  return std::any_of(dims.d, dims.d + std::max(dims.nbDims, 0), [](int64_t extent) { return extent < 0; });
}

std::string dims_text(const Dims& dims) { return dims.nbDims == 0 ? "scalar" : text_of(dims); }

}  // namespace

bool succeeded(cudaError_t code, const char* call) {
  return code == cudaSuccess || fail(std::string(call) + " failed: " + cudaGetErrorString(code));
}

bool Buffer::reserve(size_t bytes) {
  bytes = std::max<size_t>(bytes, 1);
  if (bytes <= capacity_) return true;
  release();
  if (!succeeded(on_device_ ? cudaMalloc(&data_, bytes) : cudaMallocHost(&data_, bytes), on_device_ ? "cudaMalloc" : "cudaMallocHost"))
    return false;
  capacity_ = bytes;
  return true;
}

void Buffer::release() {
  if (data_) on_device_ ? cudaFree(data_) : cudaFreeHost(data_);
  data_ = nullptr;
  capacity_ = 0;
}

void LayerProfiler::reportLayerTime(char const* name, float ms) {
  if (!on_) return;
  const auto [found, added] = index_.try_emplace(name, layers_.size());
  if (added) layers_.push_back({name, {}});
  layers_[found->second].ms.push_back(ms);
}

Lane::~Lane() {
  if (stream_) cudaStreamSynchronize(stream_);
  if (graph_) cudaGraphExecDestroy(graph_);
  for (cudaEvent_t mark : marks_) {
    if (mark) cudaEventDestroy(mark);
  }
  if (origin_) cudaEventDestroy(origin_);
  context_.reset();
  if (stream_) cudaStreamDestroy(stream_);
}

bool Lane::prepare(const Options& options, ICudaEngine& engine, bool first) {
  options_ = &options;
  context_.reset(engine.createExecutionContext(options.allocation));
  if (!context_) return fail("An execution context cannot be created");
  if (first) info("Created execution context with device memory size: " + mebibytes(static_cast<double>(engine.getDeviceMemorySizeV2())));
  if (!succeeded(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags") ||
      !succeeded(cudaEventCreate(&origin_), "cudaEventCreate"))
    return false;
  for (cudaEvent_t& mark : marks_) {
    if (!succeeded(cudaEventCreate(&mark), "cudaEventCreate")) return false;
  }
  if (options.profile >= engine.getNbOptimizationProfiles() && options.profile > 0)
    return fail("--useProfile=" + std::to_string(options.profile) + ": the engine has " +
                std::to_string(engine.getNbOptimizationProfiles()) + " optimization profiles, counted from 0");
  if (options.profile > 0 && !context_->setOptimizationProfileAsync(static_cast<int32_t>(options.profile), stream_))
    return fail("--useProfile=" + std::to_string(options.profile) + " cannot be chosen");
  if (!set_shapes(options, engine, first) || !make_outputs(engine, first)) return false;
  if (options.allocation == nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED) {
    const size_t bytes = context_->updateDeviceMemorySizeForShapes();
    if (!memory_.reserve(bytes)) return false;
    context_->setDeviceMemoryV2(memory_.data(), static_cast<int64_t>(bytes));
  }
  for (const auto& binding : bindings_) {
    if (binding->is_input && !binding->on_host && !copy(*binding, true)) return false;
  }
  if (!succeeded(cudaStreamSynchronize(stream_), "cudaStreamSynchronize")) return false;
  if (options.graph) capture();
  return true;
}

bool Lane::set_shapes(const Options& options, ICudaEngine& engine, bool first) {
  std::vector<std::string> names;
  std::string described;
  for (int32_t i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* name = engine.getIOTensorName(i);
    if (engine.getTensorIOMode(name) != nvinfer1::TensorIOMode::kINPUT) continue;
    names.emplace_back(name);
    described += (described.empty() ? "'" : ", '") + std::string(name) + "' (" + dims_text(engine.getTensorShape(name)) + " " +
                 text_of(engine.getTensorDataType(name)) + ")";
  }
  const auto known = [&](const char* flag, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return true;
    const std::string meant = nearest(name, names);
    return fail(std::string(flag) + ": the engine has no input '" + name + "'; its inputs are " + described +
                (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  };
  for (const auto& [name, extents] : options.shapes) {
    if (!known("--shapes", name)) return false;
  }
  for (const auto& [name, file] : options.inputs) {
    if (!known("--loadInputs", name)) return false;
  }

  const auto profile = static_cast<int32_t>(options.profile);
  for (const std::string& name : names) {
    bindings_.push_back(std::make_unique<Binding>());
    Binding& binding = *bindings_.back();
    binding.name = name;
    binding.is_input = true;
    binding.on_host = engine.getTensorLocation(name.c_str()) == nvinfer1::TensorLocation::kHOST;
    const Dims shape = engine.getTensorShape(name.c_str());
    Dims wanted = shape;
    const auto given = options.shapes.find(name);
    // For a tensor of the host that holds a shape, what is given are its values.
    const bool gives_values = binding.on_host && shape.nbDims <= 1 && !dynamic(shape);
    if (given != options.shapes.end() && !gives_values) {
      wanted.nbDims = static_cast<int32_t>(given->second.size());
      if (wanted.nbDims > Dims::MAX_DIMS)
        return fail("--shapes: '" + name + "' has " + std::to_string(wanted.nbDims) + " dimensions; there are 8 at most");
      std::copy(given->second.begin(), given->second.end(), wanted.d);
    } else if (dynamic(shape)) {
      wanted = engine.getProfileShape(name.c_str(), profile, nvinfer1::OptProfileSelector::kOPT);
      if (first && options.model().empty())
        warn("Shape missing for input with dynamic shape: " + name +
             ". Automatically setting shape to that of the profile: " + text_of(wanted));
    }
    if (!context_->setInputShape(name.c_str(), wanted)) {
      std::string allowed;
      if (dynamic(shape)) {
        allowed = ", from " + text_of(engine.getProfileShape(name.c_str(), profile, nvinfer1::OptProfileSelector::kMIN)) + " to " +
                  text_of(engine.getProfileShape(name.c_str(), profile, nvinfer1::OptProfileSelector::kMAX));
      }
      return fail("--shapes: the input '" + name + "' of the engine has the shape " + dims_text(shape) + allowed + "; " +
                  dims_text(wanted) + " does not fit it");
    }
    binding.layout = {wanted, engine.getTensorDataType(name.c_str()), engine.getTensorFormat(name.c_str(), profile)};
    const auto bytes = static_cast<size_t>(binding.layout.bytes());
    if (!binding.host.reserve(bytes) || (!binding.on_host && !binding.device.reserve(bytes))) return false;
    if (gives_values && options.inputs.count(name) == 0 ? !set_host_values(options, engine, binding) : !fill_input(options, binding, first))
      return false;
    if (!context_->setTensorAddress(name.c_str(), binding.address())) return fail("The address of the input '" + name + "' is refused");
    if (first) info("Input binding for " + name + " with dimensions " + dims_text(wanted) + " is created.");
  }
  return true;
}

bool Lane::set_host_values(const Options& options, ICudaEngine& engine, Binding& binding) {
  const int64_t count = binding.layout.count();
  const auto given = options.shapes.find(binding.name);
  const int64_t* values = given != options.shapes.end()
                              ? given->second.data()
                              : engine.getProfileTensorValuesV2(binding.name.c_str(), static_cast<int32_t>(options.profile),
                                                                nvinfer1::OptProfileSelector::kOPT);
  if (given != options.shapes.end() && static_cast<int64_t>(given->second.size()) != count)
    return fail("--shapes: the input '" + binding.name + "' holds " + std::to_string(count) + " values; got " +
                std::to_string(given->second.size()));
  if (!values) return fail("The input '" + binding.name + "' holds a shape; give its values with --shapes=" + binding.name + ":1x2x...");
  for (int64_t i = 0; i < count; ++i) {
    const auto narrow = static_cast<int32_t>(values[i]);
    const auto real = static_cast<float>(values[i]);
    const bool wide = binding.layout.type == DataType::kINT64;
    const void* value = wide                                      ? static_cast<const void*>(&values[i])
                        : binding.layout.type == DataType::kFLOAT ? static_cast<const void*>(&real)
                                                                  : &narrow;
    const size_t size = wide ? 8 : 4;
    std::memcpy(static_cast<char*>(binding.host.data()) + static_cast<size_t>(i) * size, value, size);
  }
  return true;
}

bool Lane::fill_input(const Options& options, Binding& binding, bool first) {
  const int64_t bytes = binding.layout.bytes();
  const auto file = options.inputs.find(binding.name);
  if (file == options.inputs.end()) {
    if (first) info("Using random values for input " + binding.name);
    fill_random(binding.host.data(), bytes, binding.layout.type, std::hash<std::string>()(binding.name));
    return true;
  }
  if (first) info("Using values loaded from " + file->second + " for input " + binding.name);
  std::string values;
  if (!read_file(file->second, values)) return false;
  if (static_cast<int64_t>(values.size()) != bytes)
    return fail("--loadInputs: the input '" + binding.name + "' with the shape " + dims_text(binding.layout.dims) + " " +
                text_of(binding.layout.type) + " takes " + std::to_string(bytes) + " bytes; '" + file->second + "' has " +
                std::to_string(values.size()));
  std::memcpy(binding.host.data(), values.data(), values.size());
  return true;
}

bool Lane::make_outputs(ICudaEngine& engine, bool first) {
  const char* missing[1] = {};
  const int32_t lacking = context_->inferShapes(1, missing);
  if (lacking > 0)
    return fail(std::string("The shape of the input '") + (missing[0] ? missing[0] : "") + "' is missing; give it with --shapes");
  if (lacking < 0) return fail("The shapes of the outputs cannot be inferred from those of the inputs");
  for (int32_t i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* name = engine.getIOTensorName(i);
    if (engine.getTensorIOMode(name) != nvinfer1::TensorIOMode::kOUTPUT) continue;
    bindings_.push_back(std::make_unique<Binding>());
    Binding& binding = *bindings_.back();
    binding.name = name;
    binding.on_host = engine.getTensorLocation(name) == nvinfer1::TensorLocation::kHOST;
    binding.layout = {context_->getTensorShape(name), engine.getTensorDataType(name),
                      engine.getTensorFormat(name, static_cast<int32_t>(options_->profile))};
    if (binding.layout.dims.nbDims < 0) return fail(std::string("The shape of the output '") + name + "' is not known");
    if (dynamic(binding.layout.dims)) {
      growing_.push_back(std::make_unique<GrowingOutput>(binding));
      binding.on_host = false;
      if (!context_->setOutputAllocator(name, growing_.back().get()))
        return fail(std::string("The output '") + name + "' takes no allocator");
      if (first)
        info(std::string("Output binding for ") + name + " is dynamic and will be created during execution using OutputAllocator.");
      continue;
    }
    const auto bytes = static_cast<size_t>(binding.layout.bytes());
    if (!binding.host.reserve(bytes) || (!binding.on_host && !binding.device.reserve(bytes))) return false;
    if (!context_->setTensorAddress(name, binding.address()))
      return fail(std::string("The address of the output '") + name + "' is refused");
    if (first) info(std::string("Output binding for ") + name + " with dimensions " + dims_text(binding.layout.dims) + " is created.");
  }
  return true;
}

bool Lane::copy(Binding& binding, bool to_device) {
  const auto bytes = static_cast<size_t>(binding.layout.bytes());
  if (binding.on_host || bytes == 0) return true;
  if (to_device)
    return succeeded(cudaMemcpyAsync(binding.device.data(), binding.host.data(), bytes, cudaMemcpyHostToDevice, stream_),
                     "cudaMemcpyAsync");
  return binding.host.reserve(bytes) &&
         succeeded(cudaMemcpyAsync(binding.host.data(), binding.device.data(), bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
}

void Lane::capture() {
  const char* without = "; runs are queued one by one";
  if (!growing_.empty()) return warn(std::string("A graph cannot hold outputs whose size only the run tells") + without);
  // The first run sets up what a captured one must not.
  if (!context_->enqueueV3(stream_) || cudaStreamSynchronize(stream_) != cudaSuccess)
    return warn(std::string("The first run failed") + without);
  cudaGraph_t graph = nullptr;
  bool good = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal) == cudaSuccess;
  if (good) {
    const bool queued = context_->enqueueV3(stream_);
    good = cudaStreamEndCapture(stream_, &graph) == cudaSuccess && queued && graph;
  }
  good = good && cudaGraphInstantiate(&graph_, graph, 0) == cudaSuccess;
  if (graph) cudaGraphDestroy(graph);
  if (!good) {
    cudaGetLastError();
    graph_ = nullptr;
    return warn(std::string("The run cannot be captured as a graph") + without);
  }
  info("Captured the run as a graph");
}

void Lane::profile(LayerProfiler& profiler) {
  if (graph_) {
    warn("The times of layers are taken without the graph");
    cudaGraphExecDestroy(graph_);
    graph_ = nullptr;
  }
  context_->setProfiler(&profiler);
}

bool Lane::begin() {
  if (!succeeded(cudaStreamSynchronize(stream_), "cudaStreamSynchronize") ||
      !succeeded(cudaEventRecord(origin_, stream_), "cudaEventRecord"))
    return false;
  origin_ms_ = now_ms();
  return true;
}

bool Lane::start() {
  const auto mark = [&](int i) { return succeeded(cudaEventRecord(marks_[i], stream_), "cudaEventRecord"); };
  if (!mark(0)) return false;
  if (!options_->no_transfers) {
    for (const auto& binding : bindings_) {
      if (binding->is_input && !copy(*binding, true)) return false;
    }
  }
  if (!mark(1)) return false;
  enqueue_start_ = now_ms();
  if (graph_ ? !succeeded(cudaGraphLaunch(graph_, stream_), "cudaGraphLaunch") : !context_->enqueueV3(stream_))
    return fail("The run could not be queued");
  enqueue_end_ = now_ms();
  if (!mark(2)) return false;
  if (!options_->no_transfers) {
    for (const auto& binding : bindings_) {
      if (!binding->is_input && !copy(*binding, false)) return false;
    }
  }
  return mark(3);
}

bool Lane::finish(Query& query) {
  if (options_->spin_wait) {
    while (cudaEventQuery(marks_[3]) == cudaErrorNotReady) {
    }
  }
  if (!succeeded(cudaEventSynchronize(marks_[3]), "cudaEventSynchronize")) return false;
  const auto between = [&](cudaEvent_t from, cudaEvent_t to, double& ms) {
    float elapsed = 0;
    const bool good = succeeded(cudaEventElapsedTime(&elapsed, from, to), "cudaEventElapsedTime");
    ms = elapsed;
    return good;
  };
  if (!between(origin_, marks_[0], query.h2d_start) || !between(marks_[0], marks_[1], query.h2d) ||
      !between(marks_[1], marks_[2], query.compute) || !between(marks_[2], marks_[3], query.d2h) ||
      !between(marks_[0], marks_[3], query.latency))
    return false;
  query.compute_start = query.h2d_start + query.h2d;
  query.d2h_start = query.compute_start + query.compute;
  query.end = query.d2h_start + query.d2h;
  query.enqueue_start = enqueue_start_ - origin_ms_;
  query.enqueue_end = enqueue_end_ - origin_ms_;
  return true;
}

bool Lane::take_outputs(std::vector<OutputValues>& outputs) {
  for (const auto& binding : bindings_) {
    if (binding->is_input) continue;
    if (!copy(*binding, false)) return false;
  }
  if (!succeeded(cudaStreamSynchronize(stream_), "cudaStreamSynchronize")) return false;
  for (const auto& binding : bindings_) {
    if (binding->is_input) continue;
    const auto* data = static_cast<const char*>(binding->host.data());
    outputs.push_back({binding->name, binding->layout, std::vector<char>(data, data + binding->layout.bytes())});
  }
  return true;
}

}  // namespace ingot::trtexec
