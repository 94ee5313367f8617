// Graphs that replay quickly: the driver replays kernels that follow each other in a few microseconds, but steps one by one through a graph
// that also sets memory, and keeps only five replays of it waiting. cuBLASLt's kernels of sm_90 set a counter before each product.
#pragma once

#include "device/cuda/cuda_device.h"

namespace ingot::cuda {

// Puts kernels in place of nodes that set memory. Where the driver does not tell enough of a graph it stays as it is.
Status replace_memsets(CudaDevice& device, CuGraph graph);

}  // namespace ingot::cuda
