// Device, managed and pinned memory. All of it is host memory; the kinds differ in what the program may ask of them.
#include <climits>

#include "memory.h"
#include "runtime.h"

using namespace ingot::cudart;

// A pool holds no memory of its own; it keeps what the program sets, for it to read back.
struct CUmemPoolHandle_st {
  uint64_t release_threshold = 0;
  int reuse[4] = {0, 1, 1, 1};  // by cudaMemPoolAttr
};

namespace {

constexpr size_t kPitch = 512;  // rows of cudaMallocPitch start at multiples of this

cudaError_t allocate(void** result, size_t size, Place place, unsigned flags) {
  if (!result) return cudaErrorInvalidValue;
  return Memory::get().allocate(result, size, place, flags);
}

// Waits for all work that is queued, which may use memory that is about to go.
cudaError_t wait_for_users() {
  Runtime& runtime = Runtime::get();
  Lock lock(runtime.mutex);
  // Inside of a stream's work, waiting for the others could be waiting for oneself.
  return runtime.is_inside(runtime.legacy) ? cudaSuccess : runtime.wait_for_all(lock);
}

cudaError_t free_after_work(void* memory, Place place) {
  if (!memory) return cudaSuccess;
  if (cudaError_t error = Memory::get().take(memory, place)) return error;
  if (cudaError_t error = wait_for_users()) return error;
  Memory::get().give_back(memory);
  return cudaSuccess;
}

std::mutex pools_mutex;

CUmemPoolHandle_st& default_pool() {
  static CUmemPoolHandle_st pool;
  return pool;
}

std::unordered_map<cudaMemPool_t, bool>& pools() {
  static auto* all = new std::unordered_map<cudaMemPool_t, bool>{{&default_pool(), true}};
  return *all;
}

cudaMemPool_t& current_pool() {
  static cudaMemPool_t pool = &default_pool();
  return pool;
}

bool is_pool(cudaMemPool_t pool) { return pools().count(pool) != 0; }

cudaError_t check_stream(cudaStream_t stream) {
  Runtime& runtime = Runtime::get();
  Lock lock(runtime.mutex);
  StreamRef state = runtime.find(stream);
  if (!state) return cudaErrorInvalidResourceHandle;
  // An allocation has one address; a graph that allocated anew at each launch would need another.
  return state->capture ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

}  // namespace

cudaError_t cudaMalloc(void** devPtr, size_t size) {
  return guarded([&] { return allocate(devPtr, size, Place::kDevice, 0); });
}

cudaError_t cudaMallocPitch(void** devPtr, size_t* pitch, size_t width, size_t height) {
  return guarded([&] {
    if (!devPtr || !pitch) return cudaErrorInvalidValue;
    size_t padded = 0, bytes = 0;
    if (__builtin_add_overflow(width, kPitch - 1, &padded)) return cudaErrorInvalidValue;
    padded -= padded % kPitch;
    if (__builtin_mul_overflow(padded, height, &bytes)) return cudaErrorMemoryAllocation;
    *pitch = padded;
    return allocate(devPtr, bytes, Place::kDevice, 0);
  });
}

cudaError_t cudaMallocManaged(void** devPtr, size_t size, unsigned int flags) {
  return guarded([&] {
    if (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost) return cudaErrorInvalidValue;
    return allocate(devPtr, size, Place::kManaged, flags);
  });
}

cudaError_t cudaHostAlloc(void** pHost, size_t size, unsigned int flags) {
  return guarded([&] {
    if (flags & ~unsigned{cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined}) return cudaErrorInvalidValue;
    return allocate(pHost, size, Place::kHost, flags);
  });
}

cudaError_t cudaMallocHost(void** ptr, size_t size) { return cudaHostAlloc(ptr, size, cudaHostAllocDefault); }

cudaError_t cudaFree(void* devPtr) {
  return guarded([&] { return free_after_work(devPtr, Place::kDevice); });
}

cudaError_t cudaFreeHost(void* ptr) {
  return guarded([&] { return free_after_work(ptr, Place::kHost); });
}

cudaError_t cudaMallocAsync(void** devPtr, size_t size, cudaStream_t hStream) {
  return guarded([&] {
    if (!devPtr) return cudaErrorInvalidValue;
    if (cudaError_t error = check_stream(hStream)) return error;
    return allocate(devPtr, size, Place::kDevice, 0);
  });
}

cudaError_t cudaFreeAsync(void* devPtr, cudaStream_t hStream) {
  return guarded([&] {
    if (cudaError_t error = check_stream(hStream)) return error;
    if (!devPtr) return cudaSuccess;
    if (cudaError_t error = Memory::get().mark_leaving(devPtr)) return error;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(hStream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (runtime.is_idle(state)) return runtime.run_in_place(lock, state, release(devPtr));
    return runtime.submit(lock, state, release(devPtr));
  });
}

cudaError_t cudaMallocFromPoolAsync(void** ptr, size_t size, cudaMemPool_t memPool, cudaStream_t stream) {
  {
    std::lock_guard lock(pools_mutex);
    if (!is_pool(memPool)) return set_last_error(cudaErrorInvalidValue);
  }
  return cudaMallocAsync(ptr, size, stream);
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* memPool, int device) {
  return guarded([&] {
    if (device != 0) return cudaErrorInvalidDevice;
    if (!memPool) return cudaErrorInvalidValue;
    *memPool = &default_pool();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* memPool, int device) {
  return guarded([&] {
    if (device != 0) return cudaErrorInvalidDevice;
    if (!memPool) return cudaErrorInvalidValue;
    std::lock_guard lock(pools_mutex);
    *memPool = current_pool();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t memPool) {
  return guarded([&] {
    if (device != 0) return cudaErrorInvalidDevice;
    std::lock_guard lock(pools_mutex);
    if (!is_pool(memPool)) return cudaErrorInvalidValue;
    current_pool() = memPool;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* memPool, const cudaMemPoolProps* poolProps) {
  return guarded([&] {
    if (!memPool || !poolProps || poolProps->allocType != cudaMemAllocationTypePinned) return cudaErrorInvalidValue;
    if (poolProps->location.type != cudaMemLocationTypeDevice || poolProps->location.id != 0) return cudaErrorInvalidValue;
    if (poolProps->handleTypes != cudaMemHandleTypeNone) return cudaErrorNotSupported;
    auto pool = std::make_unique<CUmemPoolHandle_st>();
    std::lock_guard lock(pools_mutex);
    pools()[pool.get()] = true;
    *memPool = pool.release();
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t memPool) {
  return guarded([&] {
    std::lock_guard lock(pools_mutex);
    if (memPool == &default_pool() || !is_pool(memPool)) return cudaErrorInvalidValue;
    if (current_pool() == memPool) current_pool() = &default_pool();
    pools().erase(memPool);
    delete memPool;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t memPool, size_t) {
  return guarded([&] {
    std::lock_guard lock(pools_mutex);
    return is_pool(memPool) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t memPool, cudaMemPoolAttr attr, void* value) {
  return guarded([&] {
    std::lock_guard lock(pools_mutex);
    if (!value || !is_pool(memPool)) return cudaErrorInvalidValue;
    switch (attr) {
      case cudaMemPoolReuseFollowEventDependencies:
      case cudaMemPoolReuseAllowOpportunistic:
      case cudaMemPoolReuseAllowInternalDependencies: memPool->reuse[attr] = *static_cast<int*>(value); return cudaSuccess;
      case cudaMemPoolAttrReleaseThreshold: memPool->release_threshold = *static_cast<uint64_t*>(value); return cudaSuccess;
      case cudaMemPoolAttrReservedMemHigh:
      case cudaMemPoolAttrUsedMemHigh: return *static_cast<uint64_t*>(value) == 0 ? cudaSuccess : cudaErrorInvalidValue;
      default: return cudaErrorInvalidValue;
    }
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t memPool, cudaMemPoolAttr attr, void* value) {
  return guarded([&] {
    std::lock_guard lock(pools_mutex);
    if (!value || !is_pool(memPool)) return cudaErrorInvalidValue;
    switch (attr) {
      case cudaMemPoolReuseFollowEventDependencies:
      case cudaMemPoolReuseAllowOpportunistic:
      case cudaMemPoolReuseAllowInternalDependencies: *static_cast<int*>(value) = memPool->reuse[attr]; return cudaSuccess;
      case cudaMemPoolAttrReleaseThreshold: *static_cast<uint64_t*>(value) = memPool->release_threshold; return cudaSuccess;
      // No memory is kept in a pool once it is freed.
      case cudaMemPoolAttrReservedMemCurrent:
      case cudaMemPoolAttrReservedMemHigh:
      case cudaMemPoolAttrUsedMemCurrent:
      case cudaMemPoolAttrUsedMemHigh: *static_cast<uint64_t*>(value) = Memory::get().allocated(); return cudaSuccess;
      default: return cudaErrorInvalidValue;
    }
  });
}

cudaError_t cudaHostRegister(void* ptr, size_t size, unsigned int flags) {
  return guarded([&] {
    constexpr unsigned kKnown = cudaHostRegisterPortable | cudaHostRegisterMapped | cudaHostRegisterIoMemory | cudaHostRegisterReadOnly;
    if (flags & ~kKnown) return cudaErrorInvalidValue;
    return Memory::get().enlist(ptr, size, flags);
  });
}

cudaError_t cudaHostUnregister(void* ptr) {
  return guarded([&] {
    if (cudaError_t error = Memory::get().delist(ptr)) return error;
    return wait_for_users();
  });
}

cudaError_t cudaHostGetDevicePointer(void** pDevice, void* pHost, unsigned int flags) {
  return guarded([&] {
    if (!pDevice || !pHost || flags != 0) return cudaErrorInvalidValue;
    Place place = Memory::get().find(pHost).place;
    if (place != Place::kHost && place != Place::kRegistered) return cudaErrorInvalidValue;
    *pDevice = pHost;
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetFlags(unsigned int* pFlags, void* pHost) {
  return guarded([&] {
    if (!pFlags || !pHost) return cudaErrorInvalidValue;
    Allocation allocation = Memory::get().find(pHost);
    if (allocation.place != Place::kHost && allocation.place != Place::kRegistered) return cudaErrorInvalidValue;
    *pFlags = allocation.flags | cudaHostAllocMapped;
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* ptr) {
  return guarded([&] {
    if (!attributes) return cudaErrorInvalidValue;
    *attributes = {cudaMemoryTypeUnregistered, cudaInvalidDeviceId, nullptr, const_cast<void*>(ptr)};
    switch (Memory::get().find(ptr).place) {
      case Place::kUnknown: return cudaSuccess;
      case Place::kDevice: attributes->type = cudaMemoryTypeDevice; break;
      case Place::kManaged: attributes->type = cudaMemoryTypeManaged; break;
      case Place::kHost:
      case Place::kRegistered: attributes->type = cudaMemoryTypeHost; break;
    }
    attributes->device = 0;
    attributes->devicePointer = const_cast<void*>(ptr);
    if (attributes->type == cudaMemoryTypeDevice) attributes->hostPointer = nullptr;
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return guarded([&] {
    if (!free || !total) return cudaErrorInvalidValue;
    Memory::get().info(free, total);
    return cudaSuccess;
  });
}

// Advice and prefetching change where memory lies; here it lies in one place.
cudaError_t cudaMemAdvise(const void* devPtr, size_t count, cudaMemoryAdvise, int) {
  return guarded([&] { return devPtr && count && Memory::get().holds(devPtr, count) ? cudaSuccess : cudaErrorInvalidValue; });
}

cudaError_t cudaMemPrefetchAsync(const void* devPtr, size_t count, int dstDevice, cudaStream_t stream) {
  return guarded([&] {
    if (dstDevice != 0 && dstDevice != cudaCpuDeviceId) return cudaErrorInvalidDevice;
    if (!devPtr || !count || !Memory::get().holds(devPtr, count)) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    return runtime.find(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}
