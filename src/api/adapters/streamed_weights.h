// Weights of an engine that stay in the host's memory because the program's budget for weights ends.
#pragma once

#include <memory>

#include "device/device.h"
#include "device/memory_supply.h"

namespace ingot::api {

// Memory for the weights of one engine: `budget` bytes of the GPU's, of `usual` where the program gives one, then pages of the host's
// memory that kernels read across the bus. Null on a CPU.
std::shared_ptr<const MemorySupply> streamed_weights(const std::shared_ptr<Device>& device, size_t budget,
                                                     std::shared_ptr<const MemorySupply> usual);

}  // namespace ingot::api
