#include <cstdint>
#include <cstring>
#include <numeric>

#include "check.h"

namespace {

TEST(Memory, IsAlignedTo256Bytes) {
  for (size_t bytes : {size_t{1}, size_t{255}, size_t{4096}, size_t{1} << 22}) {
    void* device = nullptr;
    void* host = nullptr;
    ASSERT_OK(cudaMalloc(&device, bytes));
    ASSERT_OK(cudaMallocHost(&host, bytes));
    EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(device) % 256) << bytes;
    EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(host) % 256) << bytes;
    EXPECT_OK(cudaFree(device));
    EXPECT_OK(cudaFreeHost(host));
  }
}

TEST(Memory, OfNoBytesIsANullPointer) {
  void* memory = &memory;
  EXPECT_OK(cudaMalloc(&memory, 0));
  EXPECT_EQ(nullptr, memory);
  EXPECT_OK(cudaFree(memory));
  EXPECT_OK(cudaFreeHost(nullptr));
}

TEST(Memory, ThatTheMachineHasNotIsRefused) {
  void* memory = nullptr;
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMalloc(&memory, size_t{1} << 63));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMalloc(&memory, SIZE_MAX));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaHostAlloc(&memory, size_t{1} << 63, cudaHostAllocDefault));
  size_t free = 0, total = 0;
  ASSERT_OK(cudaMemGetInfo(&free, &total));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMalloc(&memory, total + 1));
  cudaGetLastError();
}

TEST(Memory, BadArgumentsAreInvalid) {
  void* memory = nullptr;
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMalloc(static_cast<void**>(nullptr), 4));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMallocHost(static_cast<void**>(nullptr), 4));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaHostAlloc(&memory, 4, 0x1000));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMallocManaged(&memory, 4, 0));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaPointerGetAttributes(nullptr, &memory));
  cudaGetLastError();
}

TEST(Memory, IsFreedOnce) {
  char *device = nullptr, *host = nullptr;
  ASSERT_OK(cudaMalloc(&device, 100));
  ASSERT_OK(cudaMallocHost(&host, 100));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFree(device + 1)) << "an address inside";
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFreeHost(device)) << "of the other kind";
  EXPECT_OK(cudaFree(device));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFree(device));
  EXPECT_OK(cudaFreeHost(host));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFreeHost(host));
  cudaGetLastError();
}

TEST(Memory, KnowsWhereAPointerPoints) {
  char *device = nullptr, *host = nullptr, *managed = nullptr;
  ASSERT_OK(cudaMalloc(&device, 100));
  ASSERT_OK(cudaMallocHost(&host, 100));
  ASSERT_OK(cudaMallocManaged(&managed, 100));
  std::vector<char> mine(100);
  cudaPointerAttributes attributes;

  ASSERT_OK(cudaPointerGetAttributes(&attributes, device + 99));
  EXPECT_EQ(cudaMemoryTypeDevice, attributes.type);
  EXPECT_EQ(0, attributes.device);
  EXPECT_EQ(device + 99, attributes.devicePointer);
  EXPECT_EQ(nullptr, attributes.hostPointer);

  ASSERT_OK(cudaPointerGetAttributes(&attributes, host + 1));
  EXPECT_EQ(cudaMemoryTypeHost, attributes.type);
  EXPECT_EQ(host + 1, attributes.hostPointer);

  ASSERT_OK(cudaPointerGetAttributes(&attributes, managed));
  EXPECT_EQ(cudaMemoryTypeManaged, attributes.type);
  EXPECT_EQ(managed, attributes.devicePointer);
  EXPECT_EQ(managed, attributes.hostPointer);

  ASSERT_OK(cudaPointerGetAttributes(&attributes, mine.data()));
  EXPECT_EQ(cudaMemoryTypeUnregistered, attributes.type);
  EXPECT_EQ(nullptr, attributes.devicePointer);

  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaFreeHost(host));
  EXPECT_OK(cudaFree(managed));
  ASSERT_OK(cudaPointerGetAttributes(&attributes, device));
  EXPECT_EQ(cudaMemoryTypeUnregistered, attributes.type);
}

TEST(Memory, OfTheProgramCanBeRegisteredOnce) {
  std::vector<char> mine(1 << 20);
  ASSERT_OK(cudaHostRegister(mine.data(), mine.size(), cudaHostRegisterDefault));
  EXPECT_CUDA(cudaErrorHostMemoryAlreadyRegistered, cudaHostRegister(mine.data(), mine.size(), cudaHostRegisterDefault));
  cudaPointerAttributes attributes;
  ASSERT_OK(cudaPointerGetAttributes(&attributes, mine.data() + 5));
  EXPECT_EQ(cudaMemoryTypeHost, attributes.type);
  void* device = nullptr;
  EXPECT_OK(cudaHostGetDevicePointer(&device, mine.data(), 0));
  EXPECT_EQ(mine.data(), device);
  EXPECT_OK(cudaHostUnregister(mine.data()));
  EXPECT_CUDA(cudaErrorHostMemoryNotRegistered, cudaHostUnregister(mine.data()));
  void* pinned = nullptr;
  ASSERT_OK(cudaMallocHost(&pinned, 4096));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaHostRegister(pinned, 4096, cudaHostRegisterDefault));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaHostUnregister(pinned));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaHostRegister(nullptr, 5, cudaHostRegisterDefault));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaHostRegister(mine.data(), 0, cudaHostRegisterDefault));
  cudaGetLastError();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadow of so much memory is itself too much
TEST(Memory, IsNotPromisedTwice) {
  size_t free = 0, total = 0;
  ASSERT_OK(cudaMemGetInfo(&free, &total));
  void *one = nullptr, *other = nullptr;
  ASSERT_OK(cudaMalloc(&one, total / 10 * 6));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMalloc(&other, total / 10 * 6));
  EXPECT_OK(cudaFree(one));
  EXPECT_OK(cudaMalloc(&other, total / 10 * 6));
  EXPECT_OK(cudaFree(other));
  cudaGetLastError();
}

TEST(Memory, InUseIsCounted) {
  size_t free_before = 0, free_within = 0, total = 0;
  ASSERT_OK(cudaMemGetInfo(&free_before, &total));
  EXPECT_GT(total, size_t{1} << 26);
  EXPECT_LE(free_before, total);
  void* memory = nullptr;
  const size_t bytes = free_before / 2;
  ASSERT_OK(cudaMalloc(&memory, bytes));
  ASSERT_OK(cudaMemGetInfo(&free_within, &total));
  EXPECT_LE(free_within, total - bytes);
  EXPECT_OK(cudaFree(memory));
}
#endif

TEST(Memory, PitchedRowsAreApartByAMultipleOf512) {
  void* memory = nullptr;
  size_t pitch = 0;
  ASSERT_OK(cudaMallocPitch(&memory, &pitch, 700, 3));
  EXPECT_EQ(1024u, pitch);
  EXPECT_OK(cudaFree(memory));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMallocPitch(&memory, &pitch, SIZE_MAX, 3));
  EXPECT_CUDA(cudaErrorMemoryAllocation, cudaMallocPitch(&memory, &pitch, SIZE_MAX / 2, 3));
  cudaGetLastError();
}

TEST(Copy, GoesThereAndBack) {
  std::vector<int> sent(10000), received(sent.size());
  std::iota(sent.begin(), sent.end(), 1);
  const size_t bytes = sent.size() * sizeof(int);
  int *first = nullptr, *second = nullptr;
  ASSERT_OK(cudaMalloc(&first, bytes));
  ASSERT_OK(cudaMalloc(&second, bytes));
  ASSERT_OK(cudaMemcpy(first, sent.data(), bytes, cudaMemcpyHostToDevice));
  ASSERT_OK(cudaMemcpy(second, first, bytes, cudaMemcpyDeviceToDevice));
  ASSERT_OK(cudaMemcpyPeer(first, 0, second, 0, bytes));
  ASSERT_OK(cudaMemcpy(received.data(), first, bytes, cudaMemcpyDefault));
  EXPECT_EQ(sent, received);
  EXPECT_OK(cudaFree(first));
  EXPECT_OK(cudaFree(second));
}

TEST(Copy, OfBadArgumentsIsRefused) {
  char* device = nullptr;
  char mine[64] = {};
  ASSERT_OK(cudaMalloc(&device, 64));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(device, mine, 65, cudaMemcpyHostToDevice)) << "one byte too many";
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(mine, device + 1, 64, cudaMemcpyDeviceToHost));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemset(device + 60, 0, 5));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(nullptr, mine, 4, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(device, nullptr, 4, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaErrorInvalidMemcpyDirection, cudaMemcpy(device, mine, 4, static_cast<cudaMemcpyKind>(7)));
  EXPECT_CUDA(cudaErrorInvalidPitchValue, cudaMemcpy2D(device, 4, mine, 8, 8, 2, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemset2D(device, SIZE_MAX / 2, 0, 8, 4));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(mine, device, 4, cudaMemcpyHostToDevice)) << "the wrong way round";
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemcpy(device, mine, 4, cudaMemcpyDeviceToHost)) << "the wrong way round";
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemset2D(device, 4, 0, 8, 2)) << "a row is longer than the pitch";
  EXPECT_OK(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyHostToDevice));
  EXPECT_OK(cudaMemcpyAsync(nullptr, nullptr, 0, cudaMemcpyHostToDevice));
  EXPECT_OK(cudaFree(device));
  cudaGetLastError();
}

TEST(Copy, OfRowsLeavesWhatLiesBetween) {
  std::vector<char> source(3 * 10), target(3 * 8, '.');
  std::iota(source.begin(), source.end(), 'A');
  char* device = nullptr;
  size_t pitch = 0;
  ASSERT_OK(cudaMallocPitch(&device, &pitch, 5, 3));
  ASSERT_OK(cudaMemcpy2D(device, pitch, source.data(), 10, 5, 3, cudaMemcpyHostToDevice));
  ASSERT_OK(cudaMemcpy2D(target.data(), 8, device, pitch, 5, 3, cudaMemcpyDeviceToHost));
  EXPECT_EQ("ABCDE...KLMNO...UVWXY...", std::string(target.begin(), target.end()));
  EXPECT_OK(cudaFree(device));
}

TEST(Copy, FillsWithTheLowByte) {
  unsigned char* device = nullptr;
  unsigned char mine[12];
  ASSERT_OK(cudaMalloc(&device, 12));
  ASSERT_OK(cudaMemset(device, 0x1ab, 12));
  ASSERT_OK(cudaMemset2D(device, 4, 7, 2, 3));
  ASSERT_OK(cudaMemcpy(mine, device, 12, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(i % 4 < 2 ? 7 : 0xab, mine[i]) << i;
  EXPECT_OK(cudaFree(device));
}

// The real runtime takes its copy of a pageable source before the call returns, without waiting for the stream; programs rely on it.
TEST(Copy, OfAPageableSourceMayOutliveTheSource) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  const size_t bytes = 70000;
  char* device = nullptr;
  ASSERT_OK(cudaMalloc(&device, bytes));
  Gate gate;
  gate.hold(stream);
  {
    std::vector<char> temporary(bytes, 42);
    ASSERT_OK(cudaMemcpyAsync(device, temporary.data(), bytes, cudaMemcpyHostToDevice, stream));
    temporary.assign(bytes, 0);
  }
  gate.open();
  std::vector<char> result(bytes);
  ASSERT_OK(cudaMemcpy(result.data(), device, bytes, cudaMemcpyDeviceToHost));
  EXPECT_EQ(std::vector<char>(bytes, 42), result);
  EXPECT_OK(cudaStreamDestroy(stream));
  EXPECT_OK(cudaFree(device));
}

TEST(Copy, ToPageableMemoryIsDoneWhenTheCallIs) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  std::vector<char> mine(1 << 20, 0);
  char* device = nullptr;
  ASSERT_OK(cudaMalloc(&device, mine.size()));
  int milliseconds = 20;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &milliseconds));
  ASSERT_OK(cudaMemsetAsync(device, 5, mine.size(), stream));
  ASSERT_OK(cudaMemcpyAsync(mine.data(), device, mine.size(), cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(std::vector<char>(mine.size(), 5), mine);
  EXPECT_OK(cudaStreamDestroy(stream));
  EXPECT_OK(cudaFree(device));
}

TEST(Copy, FromHostToHostIsDoneWhenTheCallIs) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  char* pinned = nullptr;
  ASSERT_OK(cudaMallocHost(&pinned, 2));
  pinned[0] = 1;
  pinned[1] = 2;
  int milliseconds = 20;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &milliseconds));
  ASSERT_OK(cudaMemcpyAsync(pinned, pinned + 1, 1, cudaMemcpyHostToHost, stream));
  EXPECT_EQ(2, pinned[0]);
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Memory, InStreamOrderIsFreedWhenTheStreamComesToIt) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  char *device = nullptr, *pinned = nullptr;
  ASSERT_OK(cudaMallocHost(&pinned, 8));
  ASSERT_OK(cudaMallocAsync(&device, 8, stream));
  Gate gate;
  gate.hold(stream);
  ASSERT_OK(cudaMemsetAsync(device, 9, 8, stream));
  ASSERT_OK(cudaMemcpyAsync(pinned, device, 8, cudaMemcpyDeviceToHost, stream));
  ASSERT_OK(cudaFreeAsync(device, stream));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFreeAsync(device, stream)) << "it is being freed";
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ(std::string(8, 9), std::string(pinned, 8));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaFree(device));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Memory, FreeWaitsForTheWorkThatMayUseIt) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  char* device = nullptr;
  ASSERT_OK(cudaMalloc(&device, 1 << 20));
  int milliseconds = 20;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &milliseconds));
  ASSERT_OK(cudaMemsetAsync(device, 1, 1 << 20, stream));
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaStreamQuery(stream));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Memory, PoolsKeepWhatIsSet) {
  cudaMemPool_t pool = nullptr, standard = nullptr;
  cudaMemPoolProps props = {};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  ASSERT_OK(cudaDeviceGetDefaultMemPool(&standard, 0));
  ASSERT_OK(cudaMemPoolCreate(&pool, &props));
  uint64_t threshold = UINT64_MAX, read = 0;
  EXPECT_OK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  EXPECT_OK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &read));
  EXPECT_EQ(threshold, read);
  void* memory = nullptr;
  EXPECT_OK(cudaMallocFromPoolAsync(&memory, 100, pool, nullptr));
  EXPECT_OK(cudaFreeAsync(memory, nullptr));
  EXPECT_OK(cudaDeviceSynchronize());
  EXPECT_OK(cudaMemPoolDestroy(pool));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaMemPoolDestroy(standard));
  cudaGetLastError();
}

}  // namespace
