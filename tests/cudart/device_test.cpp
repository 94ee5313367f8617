#include <cuda_profiler_api.h>
#include <sched.h>

#include <cstddef>
#include <set>

#include "check.h"

namespace {

TEST(Device, IsOne) {
  int count = 0, device = 9;
  ASSERT_OK(cudaGetDeviceCount(&count));
  EXPECT_EQ(1, count);
  EXPECT_OK(cudaSetDevice(0));
  EXPECT_OK(cudaGetDevice(&device));
  EXPECT_EQ(0, device);
  EXPECT_CUDA(cudaErrorInvalidDevice, cudaSetDevice(1));
  EXPECT_CUDA(cudaErrorInvalidDevice, cudaSetDevice(-1));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaGetDeviceCount(nullptr));
  int version = 0;
  EXPECT_OK(cudaRuntimeGetVersion(&version));
  EXPECT_EQ(CUDART_VERSION, version);
  EXPECT_OK(cudaDriverGetVersion(&version));
  EXPECT_GE(version, CUDART_VERSION);
  EXPECT_OK(cudaProfilerStart());
  EXPECT_OK(cudaProfilerStop());
  cudaGetLastError();
}

TEST(Device, AttributesAgreeWithProperties) {
  cudaDeviceProp prop;
  ASSERT_OK(cudaGetDeviceProperties(&prop, 0));
  EXPECT_NE('\0', prop.name[0]);
  EXPECT_GE(prop.major, 5);
  EXPECT_GE(prop.multiProcessorCount, 1);
  size_t free = 0, total = 0;
  ASSERT_OK(cudaMemGetInfo(&free, &total));
  EXPECT_NEAR(static_cast<double>(total), static_cast<double>(prop.totalGlobalMem), 0.05 * static_cast<double>(total));
  const std::pair<cudaDeviceAttr, int> pairs[] = {{cudaDevAttrComputeCapabilityMajor, prop.major},
                                                  {cudaDevAttrComputeCapabilityMinor, prop.minor},
                                                  {cudaDevAttrMultiProcessorCount, prop.multiProcessorCount},
                                                  {cudaDevAttrWarpSize, prop.warpSize},
                                                  {cudaDevAttrMaxThreadsPerBlock, prop.maxThreadsPerBlock},
                                                  {cudaDevAttrIntegrated, prop.integrated},
                                                  {cudaDevAttrL2CacheSize, prop.l2CacheSize},
                                                  {cudaDevAttrUnifiedAddressing, 1},
                                                  {cudaDevAttrManagedMemory, prop.managedMemory}};
  for (auto [attribute, wanted] : pairs) {
    int value = -1;
    EXPECT_OK(cudaDeviceGetAttribute(&value, attribute, 0));
    EXPECT_EQ(wanted, value) << attribute;
  }
  int value = 0;
  EXPECT_CUDA(cudaErrorInvalidValue, cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(5000), 0));
  EXPECT_CUDA(cudaErrorInvalidDevice, cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 3));
  EXPECT_CUDA(cudaErrorInvalidDevice, cudaGetDeviceProperties(&prop, 3));
  cudaGetLastError();
}

TEST(Device, TakesFlagsAndLimits) {
  unsigned flags = 0;
  EXPECT_OK(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync | cudaDeviceMapHost));
  EXPECT_OK(cudaGetDeviceFlags(&flags));
  EXPECT_EQ(unsigned{cudaDeviceScheduleBlockingSync}, flags & cudaDeviceScheduleMask);
  EXPECT_CUDA(cudaErrorInvalidValue, cudaSetDeviceFlags(0x10000));
  EXPECT_OK(cudaSetDeviceFlags(cudaDeviceScheduleAuto));
  size_t value = 0;
  EXPECT_OK(cudaDeviceSetLimit(cudaLimitPrintfFifoSize, 1 << 21));
  EXPECT_OK(cudaDeviceGetLimit(&value, cudaLimitPrintfFifoSize));
  EXPECT_GE(value, size_t{1} << 21);
  EXPECT_CUDA(cudaErrorInvalidValue, cudaDeviceGetLimit(&value, static_cast<cudaLimit>(99)));
  int peers = 9, device = 9;
  EXPECT_OK(cudaDeviceCanAccessPeer(&peers, 0, 0));
  EXPECT_EQ(0, peers);
  char bus[32] = {};
  EXPECT_OK(cudaDeviceGetPCIBusId(bus, sizeof bus, 0));
  EXPECT_OK(cudaDeviceGetByPCIBusId(&device, bus));
  EXPECT_EQ(0, device);
  cudaGetLastError();
}

TEST(Errors, StayUntilTaken) {
  cudaGetLastError();
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMalloc(static_cast<void**>(nullptr), 1));
  EXPECT_OK(cudaDeviceSynchronize());
  EXPECT_CUDA(cudaErrorInvalidValue, cudaPeekAtLastError());
  std::thread([] { EXPECT_OK(cudaPeekAtLastError()) << "another thread's own"; }).join();
  EXPECT_CUDA(cudaErrorInvalidValue, cudaGetLastError());
  EXPECT_OK(cudaGetLastError());
}

TEST(Errors, HaveNamesAndWords) {
  EXPECT_STREQ("cudaSuccess", cudaGetErrorName(cudaSuccess));
  EXPECT_STREQ("no error", cudaGetErrorString(cudaSuccess));
  EXPECT_STREQ("cudaErrorMemoryAllocation", cudaGetErrorName(cudaErrorMemoryAllocation));
  EXPECT_STREQ("out of memory", cudaGetErrorString(cudaErrorMemoryAllocation));
  EXPECT_STREQ("invalid argument", cudaGetErrorString(cudaErrorInvalidValue));
  EXPECT_STREQ("unrecognized error code", cudaGetErrorName(static_cast<cudaError_t>(12345)));
  std::set<std::string> names;
  int known = 0;
  for (int code = 0; code <= 999; ++code) {
    std::string name = cudaGetErrorName(static_cast<cudaError_t>(code));
    if (name == "unrecognized error code") continue;
    ++known;
    names.insert(name);
    EXPECT_EQ(0u, name.find("cuda")) << code;
    EXPECT_NE('\0', *cudaGetErrorString(static_cast<cudaError_t>(code))) << code;
  }
  EXPECT_GT(known, 120);
  EXPECT_EQ(static_cast<size_t>(known), names.size());
}

#ifdef INGOT_CUDART
TEST(Device, IsTheCpu) {
  EXPECT_EQ(1, ingotCudartIsStandIn());
  cudaDeviceProp prop;
  ASSERT_OK(cudaGetDeviceProperties(&prop, 0));
  cpu_set_t set;
  ASSERT_EQ(0, sched_getaffinity(0, sizeof set, &set));
  EXPECT_LE(prop.multiProcessorCount, CPU_COUNT(&set));
  EXPECT_EQ(8, prop.major);
  EXPECT_EQ(1, prop.integrated);
}

TEST(Device, LaunchesNoKernels) {
  EXPECT_CUDA(cudaErrorNotSupported, cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr));
  EXPECT_CUDA(cudaErrorNotSupported, cudaGetLastError());
}

TEST(Device, ResetsToNothing) {
  cudaStream_t stream;
  void* memory = nullptr;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaMalloc(&memory, 100));
  int milliseconds = 20;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &milliseconds));
  ASSERT_OK(cudaMemsetAsync(memory, 1, 100, stream));
  EXPECT_OK(cudaDeviceReset());
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFree(memory));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(stream));
  ASSERT_OK(cudaMalloc(&memory, 100));
  EXPECT_OK(cudaFree(memory));
  cudaGetLastError();
}
#endif

// The binary interface of CUDA 12, whose name the library carries.
TEST(Layout, IsThatOfTheGeneration) {
#if CUDART_VERSION < 13000
  EXPECT_EQ(1032u, sizeof(cudaDeviceProp));
  EXPECT_EQ(288u, offsetof(cudaDeviceProp, totalGlobalMem));
  EXPECT_EQ(360u, offsetof(cudaDeviceProp, major));
  EXPECT_EQ(728u, offsetof(cudaDeviceProp, hostRegisterSupported));
  EXPECT_EQ(24u, sizeof(cudaPointerAttributes));
#endif
  EXPECT_EQ(16u, alignof(float4));
  EXPECT_EQ(12u, sizeof(dim3));
}

}  // namespace
