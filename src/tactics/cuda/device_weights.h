// Weights in the order that kernels read them, brought into it by the GPU: a host takes longer for that than for all else of a load.
#pragma once

#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// The array's elements as an array of `shape`, its dims in the order of `order`; users of the same bytes in the same order share them.
Result<DeviceMemory> uploaded_permuted(CudaDevice& device, const Array& array, const Shape& shape, const std::vector<size_t>& order);
// Those of a convolution, [M, C, taps], as [M, taps, C].
Result<DeviceMemory> uploaded_taps_first(CudaDevice& device, const Array& weights);

}  // namespace ingot::cuda
