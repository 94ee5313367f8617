// Marks the part of a program that an outer profiler should look at. The stand-in has no profiler; both calls succeed.
#ifndef INGOT_CUDART_CUDA_PROFILER_API_H
#define INGOT_CUDART_CUDA_PROFILER_API_H

#include "driver_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

cudaError_t CUDARTAPI cudaProfilerStart(void);
cudaError_t CUDARTAPI cudaProfilerStop(void);

#if defined(__cplusplus)
}
#endif

#endif
