// Some kernels of the libraries share out the sums of their last tiles among blocks, and so round the last rows of a batch in another way
// than the same rows elsewhere. What the libraries say of their engines does not tell which; a trial does.
#pragma once

#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Memory of `rows` rows of `length` elements, all alike.
Result<DeviceMemory> equal_rows(CudaDevice& device, DataType type, int64_t rows, int64_t length, unsigned seed);

// Whether all rows have the bits of the first.
Result<bool> has_equal_rows(CudaDevice& device, const void* memory, DataType type, int64_t rows, int64_t length);

}  // namespace ingot::cuda
