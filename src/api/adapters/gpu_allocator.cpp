#include "api/adapters/gpu_allocator.h"

namespace ingot::api {
namespace {

constexpr uint64_t kAlignment = 256;

}  // namespace

std::shared_ptr<const MemorySupply> supply_of(nvinfer1::IGpuAllocator* allocator, bool may_grow) {
  if (!allocator) return nullptr;
  const nvinfer1::AllocatorFlags flags = may_grow ? 1u << static_cast<uint32_t>(nvinfer1::AllocatorFlag::kRESIZABLE) : 0;
  MemorySupply supply;
  supply.allocate = [allocator, flags](size_t bytes) -> void* {
    try {
      return allocator->allocateAsync(bytes, kAlignment, flags, nullptr);
    } catch (...) {
      return nullptr;
    }
  };
  supply.release = [allocator](void* address) {
    try {
      allocator->deallocateAsync(address, nullptr);
    } catch (...) {
      // The memory is the allocator's to lose.
    }
  };
  if (may_grow) {
    supply.grow = [allocator](void* address, size_t bytes) -> void* {
      try {
        return allocator->reallocate(address, kAlignment, bytes);
      } catch (...) {
        return nullptr;
      }
    };
  }
  return std::make_shared<const MemorySupply>(std::move(supply));
}

}  // namespace ingot::api
