// A C program: allocates, copies there and back on a stream, and measures it.
#include <cuda.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_profiler_api.h>
#include <cuda_runtime.h>
#include <stdio.h>
#include <string.h>

#define CHECK(call)                                                  \
  do {                                                               \
    cudaError_t error = (call);                                      \
    if (error != cudaSuccess) {                                      \
      fprintf(stderr, "%s: %s\n", #call, cudaGetErrorString(error)); \
      return 1;                                                      \
    }                                                                \
  } while (0)

static void CUDART_CB count_up(void* data) { ++*(int*)data; }

int main(void) {
  char text[32] = "there and back", back[32] = "";
  void* device = NULL;
  cudaStream_t stream;
  cudaEvent_t start, end;
  struct cudaDeviceProp prop;
  float ms = -1;
  int count = 0;
  float4 four = make_float4(1, 2, 3, 4);
  CHECK(cudaGetDeviceProperties(&prop, 0));
  printf("%s, compute capability %d.%d, %d processors\n", prop.name, prop.major, prop.minor, prop.multiProcessorCount);
  CHECK(cudaMalloc(&device, sizeof text));
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&start));
  CHECK(cudaEventCreate(&end));
  CHECK(cudaEventRecord(start, stream));
  CHECK(cudaMemcpyAsync(device, text, sizeof text, cudaMemcpyHostToDevice, stream));
  CHECK(cudaLaunchHostFunc(stream, count_up, &count));
  CHECK(cudaMemcpyAsync(back, device, sizeof text, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaEventRecord(end, stream));
  CHECK(cudaStreamSynchronize(stream));
  CHECK(cudaEventElapsedTime(&ms, start, end));
  CHECK(cudaEventDestroy(start));
  CHECK(cudaEventDestroy(end));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(device));
  return strcmp(text, back) != 0 || count != 1 || ms < 0 || four.w != 4;
}
