#include "api/adapters/gpu_allocator.h"

namespace ingot::api {

std::shared_ptr<const MemorySupply> supply_of(nvinfer1::IGpuAllocator* allocator) {
  if (!allocator) return nullptr;
  return std::make_shared<const MemorySupply>(MemorySupply{[allocator](size_t bytes) -> void* {
                                                             try {
                                                               return allocator->allocateAsync(bytes, 256, 0, nullptr);
                                                             } catch (...) {
                                                               return nullptr;
                                                             }
                                                           },
                                                           [allocator](void* address) {
                                                             try {
                                                               allocator->deallocateAsync(address, nullptr);
                                                             } catch (...) {
                                                               // The memory is the allocator's to lose.
                                                             }
                                                           }});
}

}  // namespace ingot::api
