#include "device/cuda/cuda_device.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/load_part.h"
#include "device/cuda/beside_capture.h"
#include "device/cuda/graph_memsets.h"
#include "device/cuda/graph_recording.h"

namespace ingot::cuda {
namespace {

constexpr size_t kAlignment = 256;                    // of the device's memory
constexpr uint64_t kPoolBytes = uint64_t{256} << 20;  // that the pool keeps though nobody uses them

CuStream handle_of(Stream stream) { return static_cast<CuStream>(stream.handle); }
CuPointer pointer_of(const void* address) { return reinterpret_cast<CuPointer>(address); }

}  // namespace

Result<int> CudaDevice::resolve(int ordinal) {
  TRY_ASSIGN(const Driver* driver, cuda::driver());
  int count = 0;
  CUDA_TRY(*driver, device_count, &count);
  if (count == 0) return unsupported("the machine has no GPU that CUDA sees");
  if (ordinal < 0) {
    // The one that the program has chosen, if it has.
    CuContext current = nullptr;
    CuDevice chosen = 0;
    ordinal = driver->context_get(&current) == 0 && current && driver->context_device(&chosen) == 0 ? chosen : 0;
  }
  if (ordinal >= count)
    return invalid("there is no GPU " + std::to_string(ordinal) + "; the machine has " + std::to_string(count) + ", counted from 0");
  return ordinal;
}

Result<std::shared_ptr<CudaDevice>> CudaDevice::make(int ordinal) {
  TRY_ASSIGN(const Driver* driver, cuda::driver());
  TRY_ASSIGN(const KernelCompiler* compiler, KernelCompiler::instance(driver->version));
  std::shared_ptr<CudaDevice> device(new CudaDevice(*driver, *compiler, ordinal));
  TRY(device->open().within("GPU " + std::to_string(ordinal)));
  return device;
}

Status CudaDevice::open() {
  CuDevice device = 0;
  CUDA_TRY(driver_, device_get, &device, ordinal_);
  char name[256] = {};
  CUDA_TRY(driver_, device_name, name, sizeof name - 1, device);
  int major = 0, minor = 0;
  CUDA_TRY(driver_, device_attribute, &major, kAttributeMajor, device);
  CUDA_TRY(driver_, device_attribute, &minor, kAttributeMinor, device);
  CUDA_TRY(driver_, device_attribute, &multiprocessors_, kAttributeMultiprocessors, device);
  int clusters = 0;
  has_clusters_ = driver_.device_attribute(&clusters, kAttributeClusters, device) == 0 && clusters != 0;
  if (driver_.device_attribute(&cache_bytes_, kAttributeCacheBytes, device) != 0) cache_bytes_ = 0;
  capability_ = major * 10 + minor;
  architecture_ = architecture_name(major, minor, true);
  if (!compiler_.knows(architecture_))
    return unsupported("NVRTC " + compiler_.version() + " at " + compiler_.path() + " does not know " + std::string(name) + " (" +
                       architecture_ + "); install a newer one");
  CUDA_TRY(driver_, context_retain, &context_, device);
  TRY(make_current());
  CUDA_TRY(driver_, stream_create, &own_stream_, kStreamNonBlocking);
  open_pool();
  description_ = "cuda " + std::string(name) + " " + architecture_ + " with " + std::to_string(multiprocessors_) +
                 " multiprocessors, driver " + std::to_string(driver_.version / 1000) + "." + std::to_string(driver_.version % 1000 / 10) +
                 ", nvrtc " + compiler_.version();
  return Ok{};
}

// Memory comes from a pool of our own, so that what is given back serves the next request without the driver's locks and page tables.
void CudaDevice::open_pool() {
  int has_pools = 0;
  if (driver_.device_attribute(&has_pools, kAttributeMemoryPools, ordinal_) != 0 || !has_pools) return;
  MemoryPoolProperties properties;
  properties.ordinal = ordinal_;
  uint64_t kept = kPoolBytes;
  if (driver_.pool_create(&pool_, &properties) != 0 || driver_.pool_set(pool_, kPoolReleaseThreshold, &kept) != 0) pool_ = nullptr;
}

// Devices live until the process ends, when the driver may be gone: nothing is handed back.
CudaDevice::~CudaDevice() = default;

Status CudaDevice::make_current() const {
  CUDA_TRY(driver_, context_set, context_);
  return Ok{};
}

Result<void*> CudaDevice::allocate_from(const std::shared_ptr<const MemorySupply>& supply, size_t bytes) {
  const BesideCapture beside(driver_);
  void* memory = supply->allocate(bytes);
  if (!memory) return out_of_memory("the program's allocator has no " + std::to_string(bytes) + " bytes");
  if (reinterpret_cast<uintptr_t>(memory) % kAlignment != 0) {
    supply->release(memory);
    return invalid("the memory of the program's allocator is not aligned to " + std::to_string(kAlignment) + " bytes");
  }
  std::lock_guard lock(given_mutex_);
  given_[memory] = supply;
  return memory;
}

Result<void*> CudaDevice::allocate(size_t bytes, size_t alignment) {
  if (alignment > kAlignment)
    return invalid("the device's memory is aligned to " + std::to_string(kAlignment) + " bytes, not " + std::to_string(alignment));
  TRY(make_current());
  const BesideCapture beside(driver_);
  CuPointer address = 0;
  bytes = std::max<size_t>(bytes, 1);
  if (const auto& supply = MemoryFrom::current()) return allocate_from(supply, bytes);
  if (!pool_) {
    CUDA_TRY(driver_, memory_allocate, &address, bytes);
    return reinterpret_cast<void*>(address);
  }
  int code = driver_.pool_allocate(&address, bytes, pool_, own_stream_);
  if (code == kOutOfMemoryCode && driver_.stream_synchronize(own_stream_) == 0 && driver_.pool_trim(pool_, 0) == 0)
    code = driver_.pool_allocate(&address, bytes, pool_, own_stream_);  // with what the pool had kept in pieces
  if (code) return driver_.error("pool_allocate", code).within("memory of " + std::to_string(bytes) + " bytes");
  // Other streams may use it as soon as this returns.
  CUDA_TRY(driver_, stream_synchronize, own_stream_);
  return reinterpret_cast<void*>(address);
}

void CudaDevice::release(void* address) {
  if (!address || !make_current().ok()) return;
  const BesideCapture beside(driver_);
  std::shared_ptr<const MemorySupply> supply;
  {
    std::lock_guard lock(given_mutex_);
    if (const auto found = given_.find(address); found != given_.end()) {
      supply = std::move(found->second);
      given_.erase(found);
    }
  }
  if (supply) {
    driver_.context_synchronize();
    supply->release(address);
    return;
  }
  if (!pool_) {
    driver_.memory_free(pointer_of(address));  // waits for the device
    return;
  }
  driver_.context_synchronize();  // any stream may still use it
  driver_.pool_free(pointer_of(address), own_stream_);
}

Status CudaDevice::enqueue(Stream stream, void (*work)(void*), void* context) {
  CuContext before = nullptr;
  driver_.context_get(&before);
  if (before != context_) TRY(make_current());
  // What earlier work did to the GPU is told by its name; libraries would give a code of their own.
  int capturing = 0;
  if (const int code = driver_.stream_is_capturing(handle_of(stream), &capturing); is_sticky(code)) return driver_.error("enqueue", code);
  work(context);
  if (before && before != context_) driver_.context_set(before);
  return Ok{};
}

Status CudaDevice::synchronize(Stream stream) {
  TRY(make_current());
  CUDA_TRY(driver_, stream_synchronize, handle_of(stream));
  return Ok{};
}

Result<std::shared_ptr<Recording>> CudaDevice::record(const std::function<Status(Stream)>& run, std::shared_ptr<Recording> previous) {
  auto recording = std::dynamic_pointer_cast<GraphRecording>(previous);
  if (!recording) recording = std::make_shared<GraphRecording>(*this);
  TRY(make_current());
  const BesideCapture beside(driver_);
  TRY(recording->record(run));
  return std::shared_ptr<Recording>(recording);
}

Status CudaDevice::replay(Recording& recording, Stream stream) {
  auto* graph = dynamic_cast<GraphRecording*>(&recording);
  if (!graph) return internal("the recording is of another device");
  return graph->replay(stream);
}

Status CudaDevice::copy(void* to, const void* from, size_t bytes, Stream stream) {
  TRY(make_current());
  const BesideCapture beside(driver_);
  int status = 0;
  // The default stream would wait for one that is captured, which is refused.
  if (!stream.handle && driver_.stream_is_capturing(nullptr, &status) != 0) stream.handle = own_stream_;
  if (bytes > 0) CUDA_TRY(driver_, copy, pointer_of(to), pointer_of(from), bytes, handle_of(stream));
  CUDA_TRY(driver_, stream_synchronize, handle_of(stream));
  return Ok{};
}

Status CudaDevice::run_now(const std::function<Status(Stream)>& work) const {
  TRY(make_current());
  const BesideCapture beside(driver_);
  TRY(work({own_stream_}));
  CUDA_TRY(driver_, stream_synchronize, own_stream_);
  return Ok{};
}

Status CudaDevice::queue_copy(void* to, const void* from, size_t bytes, Stream stream) const {
  if (bytes > 0) CUDA_TRY(driver_, copy, pointer_of(to), pointer_of(from), bytes, handle_of(stream));
  return Ok{};
}

Status CudaDevice::queue_zeros(void* to, size_t bytes, Stream stream) const {
  if (bytes > 0) CUDA_TRY(driver_, set_bytes, pointer_of(to), 0, bytes, handle_of(stream));
  return Ok{};
}

bool CudaDevice::is_captured(Stream stream) {
  int status = 0;
  return make_current().ok() && driver_.stream_is_capturing(handle_of(stream), &status) == 0 && status != 0;
}

Status CudaDevice::check_address(const void* address) const {
  // Memory that the driver knows: a device's, managed, or the host's where it is pinned and so mapped.
  unsigned type = 0;
  TRY(make_current());
  if (driver_.pointer_attribute(&type, kPointerMemoryType, pointer_of(address)) != 0 || type == 0)
    return invalid("the address is one of the host's memory, which the GPU cannot reach; give it memory of cudaMalloc");
  return Ok{};
}

Result<CuFunction> CudaDevice::function(const std::string& source, const std::string& name) {
  const std::string digest = hash_text(source).hex();
  std::lock_guard lock(mutex_);
  const std::string key = digest + name;
  if (const auto known = functions_.find(key); known != functions_.end()) return known->second;
  TRY(make_current());
  const BesideCapture beside(driver_);
  CuModule& module = modules_[digest];
  if (!module) {
    const LoadPart part("the code of " + name);
    TRY_ASSIGN(std::vector<std::byte> code, compiler_.code(source, name, architecture_));
    CUDA_TRY(driver_, module_load, &module, code.data());
  }
  CuFunction function = nullptr;
  CUDA_TRY(driver_, module_function, &function, module, name.c_str());
  functions_[key] = function;
  return function;
}

Result<CuFunction> CudaDevice::loaded_function(const std::string& image, const std::string& name) {
  const std::string digest = hash_text(image).hex() + " brought ";
  std::lock_guard lock(mutex_);
  const std::string key = digest + name;
  if (const auto known = functions_.find(key); known != functions_.end()) return known->second;
  TRY(make_current());
  const BesideCapture beside(driver_);
  CuModule& module = modules_[digest];
  if (!module) CUDA_TRY(driver_, module_load, &module, image.c_str());
  CuFunction function = nullptr;
  CUDA_TRY(driver_, module_function, &function, module, name.c_str());
  functions_[key] = function;
  return function;
}

Status CudaDevice::launch(CuFunction function, GridSize grid, int block, size_t shared_bytes, void** arguments, Stream stream) const {
  return launch_blocks(function, grid, {block, 1, 1}, shared_bytes, arguments, stream);
}

Status CudaDevice::launch_blocks(CuFunction function, GridSize grid, GridSize block, size_t shared_bytes, void** arguments,
                                 Stream stream) const {
  if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return Ok{};
  if (grid.x > INT32_MAX || grid.y > 65535 || grid.z > 65535)
    return unsupported("a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " + std::to_string(grid.z) +
                       " blocks is too large");
  CUDA_TRY(driver_, launch, function, static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z),
           static_cast<unsigned>(block.x), static_cast<unsigned>(block.y), static_cast<unsigned>(block.z),
           static_cast<unsigned>(shared_bytes), handle_of(stream), arguments, nullptr);
  return Ok{};
}

}  // namespace ingot::cuda

namespace ingot {

Result<std::shared_ptr<Device>> cuda_device(int ordinal, Log& log) {
  static std::mutex mutex;
  static auto* devices = new std::map<int, std::shared_ptr<cuda::CudaDevice>>;
  std::lock_guard lock(mutex);
  TRY_ASSIGN(ordinal, cuda::CudaDevice::resolve(ordinal));
  if (const auto known = devices->find(ordinal); known != devices->end()) return std::shared_ptr<Device>(known->second);
  TRY_ASSIGN(std::shared_ptr<cuda::CudaDevice> device, cuda::CudaDevice::make(ordinal));
  auto& kept = (*devices)[device->ordinal()];
  if (!kept) {
    kept = device;
    log.info("GPU " + std::to_string(device->ordinal()) + ": " + device->description() + "; " + device->driver().path + ", " +
             device->compiler().path());
  }
  return std::shared_ptr<Device>(kept);
}

}  // namespace ingot
