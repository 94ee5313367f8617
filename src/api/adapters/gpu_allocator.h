// The program's allocator of device memory as the core takes it.
#pragma once

#include <memory>

#include "NvInfer.h"
#include "device/memory_supply.h"

namespace ingot::api {

// Null where there is no allocator. What it throws counts as having no memory.
std::shared_ptr<const MemorySupply> supply_of(nvinfer1::IGpuAllocator* allocator);

}  // namespace ingot::api
