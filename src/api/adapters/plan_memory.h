// The bytes of plans in memory that the program's allocator gives.
#pragma once

#include "NvInferRuntime.h"
#include "device/device.h"
#include "plan/plan.h"

namespace ingot::api {

// The bytes where an engine keeps them: on a CPU weights are read where they lie, so the program's allocator, where it set one, gives that
// memory. Devices with memory of their own take what they need as they load.
Result<AlignedBytes> keep_plan(Bytes bytes, nvinfer1::IGpuAllocator* allocator, const Device& device);

// The same plan with all of its bytes in such memory; its plugins are the same objects.
Result<Plan> moved_plan(Plan plan, nvinfer1::IGpuAllocator* allocator, const Device& device);

}  // namespace ingot::api
