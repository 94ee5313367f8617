#include <cstring>

#include "api/adapters/gpu_allocator.h"
#include "api/adapters/plan_memory.h"
#include "api/adapters/plugin_plans.h"
#include "api/engine.h"
#include "api/library.h"
#include "api/load_engine.h"
#include "api/open_ahead.h"
#include "api/plugin_registry.h"
#include "build/builder.h"

namespace ingot::api {

using nvinfer1::ICudaEngine;

namespace {

constexpr int64_t kChunk = 16 << 20;

class RuntimeFacade final : public nvinfer1::IRuntime {
 public:
  RuntimeFacade(nvinfer1::ILogger* logger, std::shared_ptr<Device> device) : reporter_(logger), device_(std::move(device)) {}

  ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept override {
    return guarded(reporter_, static_cast<ICudaEngine*>(nullptr), [&]() -> Result<EngineFacade*> {
      if (!blob) return invalid("the plan is null");
      return load(Bytes(static_cast<const std::byte*>(blob), size));
    });
  }
  ICudaEngine* deserializeCudaEngine(nvinfer1::IStreamReader& reader) noexcept override {
    return read_all([&](void* to, int64_t size) { return reader.read(to, size); });
  }
  ICudaEngine* deserializeCudaEngine(nvinfer1::IStreamReaderV2& reader) noexcept override {
    return read_all([&](void* to, int64_t size) { return reader.read(to, size, nullptr); });
  }
  ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size, nvinfer1::IPluginFactory* factory) noexcept override {
    return guarded(reporter_, static_cast<ICudaEngine*>(nullptr), [&]() -> Result<EngineFacade*> {
      if (!blob) return invalid("the plan is null");
      return load(Bytes(static_cast<const std::byte*>(blob), size), factory);
    });
  }

  void setGpuAllocator(nvinfer1::IGpuAllocator* allocator) noexcept override { allocator_ = allocator; }
  bool setMaxThreads(int32_t threads) noexcept override {
    if (threads < 1) return false;
    threads_ = threads;
    return true;
  }
  int32_t getMaxThreads() const noexcept override { return threads_; }
  nvinfer1::ILogger* getLogger() const noexcept override { return reporter_.logger(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  nvinfer1::IPluginRegistry& getPluginRegistry() noexcept override { return registry_; }
  void setDLACore(int32_t core) noexcept override {
    if (core < -1) return reporter_.report(invalid("setDLACore: there is no DLA core " + std::to_string(core)));
    dla_core_ = core;
  }
  int32_t getDLACore() const noexcept override { return dla_core_; }
  int32_t getNbDLACores() const noexcept override { return 0; }
  void setEngineHostCodeAllowed(bool allowed) noexcept override { host_code_ = allowed; }
  bool getEngineHostCodeAllowed() const noexcept override { return host_code_; }
  void setTemporaryDirectory(char const* path) noexcept override {
    guarded(reporter_, [&] { temporary_ = path ? path : ""; });
  }
  char const* getTemporaryDirectory() const noexcept override { return temporary_.empty() ? nullptr : temporary_.c_str(); }
  void setTempfileControlFlags(nvinfer1::TempfileControlFlags flags) noexcept override { tempfiles_ = flags; }
  nvinfer1::TempfileControlFlags getTempfileControlFlags() const noexcept override { return tempfiles_; }
  // This library loads the plans of its other versions, so the runtime that a program gets is one of its own.
  nvinfer1::IRuntime* loadRuntime(char const* path) noexcept override {
    return guarded(reporter_, static_cast<nvinfer1::IRuntime*>(nullptr), [&]() -> Result<nvinfer1::IRuntime*> {
      if (!path || !*path) return invalid("loadRuntime: the path of a library is null or empty");
      if (!reporter_.logger()) return invalid("loadRuntime: the runtime has no logger to hand on");
      reporter_.log().info("loadRuntime: '" + std::string(path) + "' is not opened; this library loads the plans of its other versions");
      return make_runtime(reporter_.logger(), device_);
    });
  }

 private:
  Result<EngineFacade*> load(Bytes bytes, nvinfer1::IPluginFactory* factory = nullptr) {
    const MemoryFrom given(supply_of(allocator_));
    const auto opening = open_ahead_for(bytes, device_);
    TRY_ASSIGN(AlignedBytes copy, keep_plan(bytes, allocator_, *device_));
    TRY_ASSIGN(Plan plan, read_plan(Bytes(copy.data.get(), copy.size), copy.data));
    load_plugin_libraries(plan, registry_, host_code_, reporter_.log());
    TRY(restore_plugins(*plan.network, registry_, factory, allocator_, *device_, host_code_));
    TRY_ASSIGN(std::shared_ptr<Engine> engine, load_engine(std::move(plan), device_, reporter_.log()));
    return new EngineFacade(reporter_, engine, {allocator_});
  }
  template <class Read>
  ICudaEngine* read_all(Read read) noexcept {
    return guarded(reporter_, static_cast<ICudaEngine*>(nullptr), [&]() -> Result<EngineFacade*> {
      std::vector<std::byte> bytes;
      while (true) {
        const size_t before = bytes.size();
        bytes.resize(before + kChunk);
        const int64_t got = read(bytes.data() + before, kChunk);
        if (got < 0 || got > kChunk) return invalid("the stream reader failed at byte " + std::to_string(before));
        bytes.resize(before + static_cast<size_t>(got));
        if (got < kChunk) break;
      }
      return load(Bytes(bytes));
    });
  }

  mutable Reporter reporter_;
  std::shared_ptr<Device> device_;
  PluginRegistry registry_{::getPluginRegistry()};
  nvinfer1::IGpuAllocator* allocator_ = nullptr;
  int32_t threads_ = 1, dla_core_ = -1;
  bool host_code_ = false;
  std::string temporary_;
  nvinfer1::TempfileControlFlags tempfiles_ = 0;
};

}  // namespace

nvinfer1::IRuntime* make_runtime(nvinfer1::ILogger* logger, std::shared_ptr<Device> device) {
  return new RuntimeFacade(logger, std::move(device));
}

}  // namespace ingot::api
