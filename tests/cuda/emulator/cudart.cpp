// Stands in for the CUDA runtime of a machine with a GPU: the calls that trtexec makes, on the emulated driver.
#include <cuda_runtime_api.h>

#include <cstring>

using Pointer = unsigned long long;

extern "C" {
int cuInit(unsigned);
int cuDeviceGetCount(int*);
int cuDevicePrimaryCtxRetain(void**, int);
int cuCtxSetCurrent(void*);
int cuCtxSynchronize();
int cuMemAlloc_v2(Pointer*, size_t);
int cuMemFree_v2(Pointer);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemFreeHost(void*);
int cuMemcpyAsync(Pointer, Pointer, size_t, cudaStream_t);
int cuStreamCreate(cudaStream_t*, unsigned);
int cuStreamDestroy_v2(cudaStream_t);
int cuStreamSynchronize(cudaStream_t);
int cuStreamBeginCapture_v2(cudaStream_t, int);
int cuStreamEndCapture(cudaStream_t, cudaGraph_t*);
int cuGraphInstantiateWithFlags(cudaGraphExec_t*, cudaGraph_t, unsigned long long);
int cuGraphLaunch(cudaGraphExec_t, cudaStream_t);
int cuGraphDestroy(cudaGraph_t);
int cuGraphExecDestroy(cudaGraphExec_t);
int cuEventCreate(cudaEvent_t*, unsigned);
int cuEventDestroy_v2(cudaEvent_t);
int cuEventRecord(cudaEvent_t, cudaStream_t);
int cuEventElapsedTime(float*, cudaEvent_t, cudaEvent_t);

#define AS(result) static_cast<cudaError_t>(result)
#define ADDRESS(pointer) reinterpret_cast<Pointer>(pointer)

cudaError_t cudaGetDeviceCount(int* count) { return AS(cuDeviceGetCount(count)); }
cudaError_t cudaSetDevice(int device) {
  void* context = nullptr;
  cuInit(0);
  cuDevicePrimaryCtxRetain(&context, device);
  return AS(cuCtxSetCurrent(context));
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "an error of the emulated driver"; }
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp* properties, int) {
  std::memset(properties, 0, sizeof *properties);
  std::strcpy(properties->name, "Emulated GPU");
  properties->totalGlobalMem = size_t{16} << 30;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) { return AS(cuMemAlloc_v2(reinterpret_cast<Pointer*>(memory), bytes)); }
cudaError_t cudaFree(void* memory) { return AS(cuMemFree_v2(ADDRESS(memory))); }
cudaError_t cudaMallocHost(void** memory, size_t bytes) { return AS(cuMemHostAlloc(memory, bytes, 0)); }
cudaError_t cudaFreeHost(void* memory) { return AS(cuMemFreeHost(memory)); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  return AS(cuMemcpyAsync(ADDRESS(to), ADDRESS(from), bytes, stream));
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) { return AS(cuStreamCreate(stream, flags)); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return AS(cuStreamDestroy_v2(stream)); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return AS(cuStreamSynchronize(stream)); }
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) { return AS(cuStreamBeginCapture_v2(stream, mode)); }
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) { return AS(cuStreamEndCapture(stream, graph)); }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return AS(cuGraphInstantiateWithFlags(exec, graph, flags));
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) { return AS(cuGraphLaunch(exec, stream)); }
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return AS(cuGraphDestroy(graph)); }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return AS(cuGraphExecDestroy(exec)); }
cudaError_t cudaEventCreate(cudaEvent_t* event) { return AS(cuEventCreate(event, 0)); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return AS(cuEventDestroy_v2(event)); }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) { return AS(cuEventRecord(event, stream)); }
cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) { return AS(cuEventElapsedTime(ms, begin, end)); }
}  // extern "C"
