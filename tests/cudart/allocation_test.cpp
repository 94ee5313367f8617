#include <cstdlib>
#include <new>

#include "check.h"

#if defined(INGOT_CUDART) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {
std::atomic<int> allocations{0};
void nothing(void*) {}
}  // namespace

void* operator new(size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

// An engine's enqueue, which allocates nothing, is made of these calls.
TEST(Streams, InSteadyUseAllocateNothing) {
  cudaStream_t stream, other;
  cudaEvent_t event;
  char *device = nullptr, *pinned = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaStreamCreate(&other));
  ASSERT_OK(cudaEventCreate(&event));
  ASSERT_OK(cudaMalloc(&device, 1 << 17));
  ASSERT_OK(cudaMallocHost(&pinned, 1 << 17));
  ASSERT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  ASSERT_OK(cudaLaunchHostFunc(stream, nothing, nullptr));
  ASSERT_OK(cudaStreamEndCapture(stream, &graph));
  ASSERT_OK(cudaGraphInstantiate(&exec, graph, 0));
  const int before_warm_up = allocations;
  int after_warm_up = 0;
  for (int round = 0; round < 20; ++round) {
    if (round == 5) after_warm_up = allocations;
    cudaStreamCaptureStatus status;
    EXPECT_OK(cudaStreamIsCapturing(stream, &status));
    EXPECT_OK(cudaMemcpyAsync(device, pinned, 1 << 17, cudaMemcpyHostToDevice, stream));
    EXPECT_OK(cudaLaunchHostFunc(stream, nothing, nullptr));
    EXPECT_OK(cudaEventRecord(event, stream));
    EXPECT_OK(cudaStreamWaitEvent(other, event));
    EXPECT_OK(cudaMemcpyAsync(pinned, device, 1 << 17, cudaMemcpyDeviceToHost, other));
    EXPECT_OK(cudaGraphLaunch(exec, other));
    EXPECT_OK(cudaStreamSynchronize(other));
  }
  EXPECT_GT(after_warm_up, before_warm_up) << "the count counts";
  EXPECT_EQ(after_warm_up, allocations);
  EXPECT_OK(cudaGraphExecDestroy(exec));
  EXPECT_OK(cudaGraphDestroy(graph));
  EXPECT_OK(cudaEventDestroy(event));
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaStreamDestroy(stream));
  EXPECT_OK(cudaStreamDestroy(other));
}

}  // namespace
#endif
