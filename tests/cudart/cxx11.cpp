// A C++11 program with the forms that C++ adds. Built once more with the default stream per thread.
#include <cuda.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

#define CHECK(call)                                                     \
  do {                                                                  \
    cudaError_t error = (call);                                         \
    if (error != cudaSuccess) {                                         \
      std::fprintf(stderr, "%s: %s\n", #call, cudaGetErrorName(error)); \
      return 1;                                                         \
    }                                                                   \
  } while (0)

__host__ __device__ __forceinline__ float twice(float x) { return 2 * x; }

int main() {
  float *device = nullptr, *pinned = nullptr, *managed = nullptr, *mapped = nullptr;
  CHECK(cudaMalloc(&device, 4 * sizeof(float)));
  CHECK(cudaMallocHost(&pinned, 4 * sizeof(float)));
  CHECK(cudaMallocManaged(&managed, 4 * sizeof(float)));
  CHECK(cudaHostAlloc(&mapped, 4 * sizeof(float), cudaHostAllocMapped));
  float* seen = nullptr;
  CHECK(cudaHostGetDevicePointer(&seen, mapped, 0));
  for (int i = 0; i < 4; ++i) pinned[i] = twice(static_cast<float>(i));
  CHECK(cudaMemcpyAsync(device, pinned, 4 * sizeof(float), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpyAsync(managed, device, 4 * sizeof(float), cudaMemcpyDefault, cudaStreamPerThread));
  CHECK(cudaStreamSynchronize(cudaStreamPerThread));
  CHECK(cudaStreamSynchronize(0));
  CHECK(cudaMemcpy(seen, managed, 4 * sizeof(float), cudaMemcpyDefault));
  bool is_right = mapped[3] == 6.0f && __half2float(__float2half(0.5f)) == 0.5f && float(__nv_bfloat16(2)) == 2.0f;

#ifdef CUDA_API_PER_THREAD_DEFAULT_STREAM
  // Stream 0 can be captured where it is the thread's own; the legacy one cannot.
  cudaGraph_t graph;
  CHECK(cudaStreamBeginCapture(0, cudaStreamCaptureModeRelaxed));
  CHECK(cudaMemsetAsync(device, 0, 4));
  CHECK(cudaStreamEndCapture(0, &graph));
  CHECK(cudaGraphDestroy(graph));
#endif

  dim3 grid(4);
  is_right = is_right && grid.x == 4 && grid.z == 1;
  CHECK(cudaFree(device));
  CHECK(cudaFree(managed));
  CHECK(cudaFreeHost(pinned));
  CHECK(cudaFreeHost(mapped));
  return is_right ? 0 : 1;
}
