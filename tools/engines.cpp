#include "engines.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "api/load_engine.h"
#include "base/log.h"
#include "build/builder.h"
#include "device/cuda/cuda_device.h"
#include "runtime/execution_context.h"

namespace ingot::tools {
namespace {

constexpr int64_t kLargestDimension = 16;
constexpr int kEnqueues = 256;
constexpr double kTimedMs = 1000;  // that timed runs take together, about
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

Result<Run> reference_engine(std::shared_ptr<const Network> network) {
  return Run([network](const Arrays& inputs) { return network->evaluate(inputs); });
}

// Memory of a device that lives as long as this.
struct Memory {
  Device& device;
  void* data = nullptr;

  explicit Memory(Device& device) : device(device) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    if (data) device.release(data);
  }
  Status reserve(size_t bytes) {
    if (data) device.release(data);
    data = nullptr;
    TRY_ASSIGN(data, device.allocate(bytes + 64));
    return Ok{};
  }
};

// A network built for a range of shapes around those of a first run.
struct Built {
  std::shared_ptr<ingot::Engine> engine;
  std::vector<std::shared_ptr<Memory>> memories, given;  // of outputs and inputs
  std::unique_ptr<ExecutionContext> context;

  bool allows_bf16 = false, allows_half = false, allows_tf32 = false;
  // After a run, with its inputs and memory.
  Result<double> time(const Arrays& inputs, double* enqueue_us) {
    for (size_t i = inputs.size(); i < engine->io().size(); ++i) {
      context->set_output_allocator(i, {});
      TRY(context->set_address(i, memories[i - inputs.size()]->data));
    }
    std::vector<double> times;
    for (int i = 0; i < kEnqueues; ++i) {
      const auto begin = Clock::now();
      TRY(context->enqueue({}));
      times.push_back(milliseconds_since(begin) * 1e3);
      // Before the queue is full: then an enqueue waits.
      if (i % 16 == 15) TRY(engine->device().synchronize({}));
    }
    TRY(engine->device().synchronize({}));
    std::sort(times.begin(), times.end());
    *enqueue_us = times[times.size() / 2];
    if (auto* gpu = dynamic_cast<cuda::CudaDevice*>(&engine->device())) return time_repeated(*gpu);
    return engine->device().measure_ms([&](Stream stream) -> Status {
      TRY(context->enqueue(stream));
      return engine->device().synchronize(stream);
    });
  }

  // Run after run, as a program that serves does it: the median of what lies between the events around each.
  Result<double> time_repeated(cuda::CudaDevice& gpu) {
    const cuda::Driver& driver = gpu.driver();
    TRY(gpu.make_current());
    struct Events {
      const cuda::Driver& driver;
      std::vector<cuda::CuEvent> all;
      ~Events() {
        for (cuda::CuEvent event : all) driver.event_destroy(event);
      }
    } events{driver, {}};
    for (int i = 0; i < 5; ++i) TRY(context->enqueue({}));
    TRY(gpu.synchronize({}));
    const auto begin = Clock::now();
    TRY(context->enqueue({}));
    TRY(gpu.synchronize({}));
    const int runs = static_cast<int>(std::clamp(kTimedMs / std::max(milliseconds_since(begin), 1e-2), 10.0, 200.0));
    for (int i = 0; i < 2 * runs; ++i) {
      cuda::CuEvent event = nullptr;
      CUDA_TRY(driver, event_create, &event, 0);
      events.all.push_back(event);
    }
    for (int i = 0; i < runs; ++i) {
      CUDA_TRY(driver, event_record, events.all[2 * static_cast<size_t>(i)], nullptr);
      TRY(context->enqueue({}));
      CUDA_TRY(driver, event_record, events.all[2 * static_cast<size_t>(i) + 1], nullptr);
    }
    TRY(gpu.synchronize({}));
    TRY(context->take_run_error());
    std::vector<double> times;
    for (size_t i = 0; i < events.all.size(); i += 2) {
      float ms = 0;
      CUDA_TRY(driver, event_elapsed, &ms, events.all[i], events.all[i + 1]);
      times.push_back(double{ms});
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  // Shows what each step leaves to facts->watch, where that is set.
  void watch(const EngineFacts* facts) {
    if (!facts || !facts->watch) return context->set_step_listener(nullptr);
    context->set_step_listener([this, facts](size_t step, const std::vector<const void*>& outputs, const std::vector<Shape>& shapes) {
      const Layer& layer = engine->layer(step);
      for (size_t o = 0; o < outputs.size(); ++o) {
        const auto size = storage_bytes(layer.output(o)->type.type, engine->choice(step).output_formats[o], shapes[o]);
        if (!outputs[o] || !size.ok()) continue;
        std::vector<std::byte> bytes(*size);
        if (!engine->device().copy(bytes.data(), outputs[o], bytes.size(), {}).ok()) continue;
        facts->watch("'" + layer.name + "' (" + engine->choice(step).tactic + ")", shapes[o], bytes);
      }
    });
  }

  // From the file of facts->plan_file where it is there.
  Status build(const Network& original, const Arrays& inputs, EngineFacts* facts) {
    TRY_ASSIGN(std::shared_ptr<Device> device, default_device(stderr_log()));
    std::vector<std::byte> bytes;
    if (facts && !facts->plan_file.empty()) {
      std::ifstream file(facts->plan_file, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      const auto* begin = reinterpret_cast<const std::byte*>(text.data());
      bytes.assign(begin, begin + text.size());
    }
    if (bytes.empty()) {
      const auto begin = Clock::now();
      TRY_ASSIGN(bytes, built_plan(original, inputs, device, facts ? facts->profile_ends : std::vector<int64_t>{}));
      if (facts) facts->build_ms = milliseconds_since(begin);
      if (facts && !facts->plan_file.empty())
        std::ofstream(facts->plan_file, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    const auto begin = Clock::now();
    TRY_ASSIGN(engine, load_engine(Bytes(bytes), device, stderr_log()));
    context = std::make_unique<ExecutionContext>(engine);
    if (facts) facts->load_ms = milliseconds_since(begin);
    return Ok{};
  }

  Result<std::vector<std::byte>> built_plan(const Network& original, const Arrays& inputs, std::shared_ptr<Device> device,
                                            std::vector<int64_t> ends) {
    std::unique_ptr<Network> network = original.clone();
    Profile profile;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor* input = network->inputs()[i];
      if (all_constant(input->type.dims)) continue;
      ProfileEntry entry{inputs[i].shape(), inputs[i].shape(), inputs[i].shape()};
      for (size_t d = 0; d < entry.min.size(); ++d) {
        if (input->type.dims[d].is_constant()) continue;
        entry.min[d] = std::min<int64_t>(1, entry.opt[d]);
        entry.max[d] = std::max(kLargestDimension, entry.opt[d]);
      }
      profile.shapes[input->name] = entry;
    }
    network->profiles.clear();
    if (!profile.shapes.empty() && ends.empty()) network->profiles.push_back(profile);
    // Each goes on where the one before ends, and is tuned for its largest batch.
    int64_t first = 1;
    for (int64_t end : ends) {
      for (auto& [name, entry] : profile.shapes) {
        if (network->find_tensor(name)->type.dims[0].is_constant()) continue;
        entry.min[0] = first;
        entry.opt[0] = entry.max[0] = end;
      }
      network->profiles.push_back(profile);
      first = end + 1;
    }
    BuildConfig config;
    config.allow_tf32 = allows_tf32;
    config.optimize.allow_bf16 = allows_bf16;
    config.optimize.allow_half = allows_half;
    config.device = std::move(device);
    config.log = &stderr_log();
    TRY_ASSIGN(Plan plan, build_plan(*network, config));
    return write_plan(plan);
  }

  // The first profile that the inputs fit; false where none does, or nothing is built.
  Result<bool> take_profile(const Network& network, const Arrays& inputs) {
    for (size_t p = 0; engine && p < std::max<size_t>(engine->profile_count(), 1); ++p) {
      TRY(context->set_profile(p));
      bool fits = true;
      for (size_t i = 0; fits && i < inputs.size(); ++i) fits = context->set_input_shape(network.inputs()[i]->name, inputs[i].shape()).ok();
      if (fits) return true;
    }
    return false;
  }

  // `ms` is the time from shapes and addresses that are set to outputs that are there.
  Result<Arrays> run(const Arrays& inputs, double* ms) {
    Arrays outputs;
    const auto& io = engine->io();
    Device& device = engine->device();
    memories.clear();
    given.clear();
    for (size_t i = 0; i < inputs.size(); ++i) {
      given.push_back(std::make_shared<Memory>(device));
      TRY(given.back()->reserve(inputs[i].byte_count()));
      TRY(device.copy(given.back()->data, inputs[i].data(), inputs[i].byte_count(), {}));
      const bool on_host = io[i].tensor->type.place == Place::kHost && inputs[i].count();
      TRY(context->set_address(i, on_host ? const_cast<void*>(inputs[i].data()) : given.back()->data));
      TRY(context->set_input_shape(io[i].tensor->name, inputs[i].shape()));
    }
    for (size_t i = inputs.size(); i < io.size(); ++i) {
      // What only the run tells comes through an allocator, in memory that lives as long as the output.
      auto memory = std::make_shared<Memory>(device);
      memories.push_back(memory);
      ExecutionContext::OutputAllocator allocator;
      allocator.allocate = [memory](const std::string&, void*, size_t bytes) -> void* {
        return memory->reserve(bytes).ok() ? memory->data : nullptr;
      };
      context->set_output_allocator(i, std::move(allocator));
    }
    const auto begin = Clock::now();
    TRY(context->execute());
    *ms = milliseconds_since(begin);
    for (size_t i = inputs.size(); i < io.size(); ++i) {
      TRY_ASSIGN(Shape shape, context->io_shape(i));
      TRY_ASSIGN(Array output, Array::make(io[i].tensor->type.type, shape));
      if (output.byte_count() > 0) TRY(device.copy(output.mutable_data(), memories[i - inputs.size()]->data, output.byte_count(), {}));
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
};

Result<Run> built_engine(std::shared_ptr<const Network> network, const std::string& name, std::shared_ptr<EngineFacts> facts) {
  auto built = std::make_shared<Built>();
  built->allows_bf16 = name == "build-bf16";
  built->allows_half = name == "build-fp16";
  built->allows_tf32 = name == "build-tf32";
  return Run([network, built, facts](const Arrays& inputs) -> Result<Arrays> {
    TRY_ASSIGN(const bool fits, built->take_profile(*network, inputs));
    if (!fits) {
      if (built->engine && facts && !facts->profile_ends.empty()) return invalid("no profile fits the inputs");
      TRY(built->build(*network, inputs, facts.get()));
      const auto begin = Clock::now();
      TRY(built->take_profile(*network, inputs));
      if (facts) facts->first_ms = milliseconds_since(begin);
    }
    built->watch(facts.get());
    double run_ms = 0;
    TRY_ASSIGN(Arrays outputs, built->run(inputs, &run_ms));
    if (facts && !fits) facts->first_ms += run_ms;
    if (facts) {
      facts->steps = built->engine->step_count();
      facts->arena_bytes = built->context->arena_bytes();
      facts->live_bytes = built->context->arena_lower_bound();
      if (facts->times) {
        TRY_ASSIGN(facts->ms, built->time(inputs, &facts->enqueue_us));
      }
    }
    return outputs;
  });
}

}  // namespace

Result<Engine> engine_by_name(const std::string& name, std::shared_ptr<EngineFacts> facts) {
  if (name == "reference") return Engine(reference_engine);
  if (name == "build" || name == "build-bf16" || name == "build-fp16" || name == "build-tf32") {
    return Engine([facts, name](std::shared_ptr<const Network> network) { return built_engine(std::move(network), name, facts); });
  }
  return invalid("the engine '" + name + "' is not known; there are reference, build, build-bf16, build-fp16 and build-tf32");
}

}  // namespace ingot::tools
