#include "api/adapters/streamed_weights.h"

#include <mutex>
#include <unordered_set>

#include "device/cuda/cuda_device.h"

namespace ingot::api {
namespace {

constexpr size_t kLeastStreamed = 4096;  // bytes; tables that a launch needs at once are smaller
constexpr unsigned kHostPages = 3;       // for all contexts, and at addresses of the GPU

struct Pool {
  std::shared_ptr<Device> device;
  const cuda::Driver& driver;
  std::shared_ptr<const MemorySupply> usual;
  std::mutex mutex;
  size_t room;
  std::unordered_set<void*> on_host;

  void* allocate(size_t bytes) {
    bool streamed = false;
    {
      std::lock_guard lock(mutex);
      streamed = bytes > kLeastStreamed && bytes > room;
      if (!streamed) room -= std::min(room, bytes);
    }
    if (!streamed) {
      if (usual) return usual->allocate(bytes);
      cuda::CuPointer address = 0;
      return driver.memory_allocate(&address, bytes) == 0 ? reinterpret_cast<void*>(address) : nullptr;
    }
    void* address = nullptr;
    if (driver.memory_host_allocate(&address, bytes, kHostPages) != 0) return nullptr;
    std::lock_guard lock(mutex);
    on_host.insert(address);
    return address;
  }
  void release(void* address) {
    bool streamed = false;
    {
      std::lock_guard lock(mutex);
      streamed = on_host.erase(address) > 0;
    }
    if (streamed) {
      driver.memory_host_free(address);
    } else if (usual) {
      usual->release(address);
    } else {
      driver.memory_free(reinterpret_cast<cuda::CuPointer>(address));
    }
  }
};

}  // namespace

std::shared_ptr<const MemorySupply> streamed_weights(const std::shared_ptr<Device>& device, size_t budget,
                                                     std::shared_ptr<const MemorySupply> usual) {
  const auto* gpu = dynamic_cast<const cuda::CudaDevice*>(device.get());
  if (!gpu) return nullptr;
  auto pool = std::shared_ptr<Pool>(new Pool{device, gpu->driver(), std::move(usual), {}, budget, {}});
  MemorySupply supply;
  supply.allocate = [pool](size_t bytes) { return pool->allocate(bytes); };
  supply.release = [pool](void* address) { pool->release(address); };
  return std::make_shared<const MemorySupply>(std::move(supply));
}

}  // namespace ingot::api
