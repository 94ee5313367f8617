// The program's allocator of device memory as the core takes it.
#pragma once

#include <memory>

#include "NvInfer.h"
#include "device/memory_supply.h"

namespace ingot::api {

// Null where there is no allocator. What it throws counts as having no memory. Memory that may have to grow is asked for as resizable, and
// the allocator's reallocate() makes it larger.
std::shared_ptr<const MemorySupply> supply_of(nvinfer1::IGpuAllocator* allocator, bool may_grow = false);

}  // namespace ingot::api
