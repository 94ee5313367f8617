// What copies share with graphs, and with the calls whose default stream is the thread's own.
#pragma once

#include "runtime.h"

namespace ingot::cudart {

// cudaSuccess where the copy or fill stays within the memory that it names; neither may be empty.
cudaError_t check_copy(const Work& work, cudaMemcpyKind kind);
cudaError_t check_fill(const Work& work);

// The calls that wait, for a given default stream: null for the legacy one, cudaStreamPerThread for the caller's own.
cudaError_t memcpy_on(cudaStream_t stream, void* dst, const void* src, size_t count, cudaMemcpyKind kind);
cudaError_t memcpy_2d_on(cudaStream_t stream, void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height,
                         cudaMemcpyKind kind);
cudaError_t memset_on(cudaStream_t stream, void* devPtr, int value, size_t count);
cudaError_t memset_2d_on(cudaStream_t stream, void* devPtr, size_t pitch, int value, size_t width, size_t height);

}  // namespace ingot::cudart
