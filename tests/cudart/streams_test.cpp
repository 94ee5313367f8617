#include "check.h"

namespace {

std::vector<int> first(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

TEST(Streams, RunInOrderWhileTheProgramGoesOn) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  Gate gate;
  Record record;
  gate.hold(stream);
  gate.await_arrival();
  for (int i = 0; i < 1000; ++i) ASSERT_OK(record.later(stream, i));
  EXPECT_CUDA(cudaErrorNotReady, cudaStreamQuery(stream));
  EXPECT_OK(cudaPeekAtLastError()) << "not ready is no error";
  EXPECT_TRUE(record.seen().empty());
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_OK(cudaStreamQuery(stream));
  EXPECT_EQ(first(1000), record.seen());
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Streams, CopiesOfPinnedMemoryAreAsynchronous) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  char *device = nullptr, *pinned = nullptr;
  ASSERT_OK(cudaMalloc(&device, 1 << 20));
  ASSERT_OK(cudaMallocHost(&pinned, 1 << 20));
  pinned[0] = pinned[(1 << 20) - 1] = 1;
  Gate gate;
  gate.hold(stream);
  ASSERT_OK(cudaMemsetAsync(device, 3, 1 << 20, stream));
  ASSERT_OK(cudaMemcpyAsync(pinned, device, 1 << 20, cudaMemcpyDeviceToHost, stream));
  EXPECT_EQ(1, pinned[0]);
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ(3, pinned[0]);
  EXPECT_EQ(3, pinned[(1 << 20) - 1]);
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Streams, APlainCopyWaitsForBlockingStreams) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  int* device = nullptr;
  ASSERT_OK(cudaMalloc(&device, 4));
  ASSERT_OK(cudaMemset(device, 0, 4));
  int milliseconds = 20, result = 0;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &milliseconds));
  ASSERT_OK(cudaMemsetAsync(device, 1, 4, stream));
  ASSERT_OK(cudaMemcpy(&result, device, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(0x01010101, result);
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Streams, TheDefaultStreamAndBlockingStreamsTakeTurns) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  Record record;
  int milliseconds = 5;
  for (int i = 0; i < 10; ++i) {
    cudaStream_t turn = i % 2 ? stream : nullptr;
    ASSERT_OK(cudaLaunchHostFunc(turn, sleep_for, &milliseconds));
    ASSERT_OK(record.later(turn, i));
  }
  ASSERT_OK(cudaDeviceSynchronize());
  EXPECT_EQ(first(10), record.seen());
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Streams, QuickWorkOfABlockingStreamWaitsForTheDefaultStreamToo) {
  cudaStream_t stream;
  cudaEvent_t event;
  char *device = nullptr, *pinned = nullptr;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaEventCreate(&event));
  ASSERT_OK(cudaMalloc(&device, 8));
  ASSERT_OK(cudaMemset(device, 6, 8));
  ASSERT_OK(cudaMallocHost(&pinned, 8));
  pinned[0] = 1;
  Gate gate;
  gate.hold(nullptr);
  ASSERT_OK(cudaMemcpyAsync(pinned, device, 8, cudaMemcpyDeviceToHost, stream));
  ASSERT_OK(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaErrorNotReady, cudaEventQuery(event));
  EXPECT_EQ(1, pinned[0]);
  gate.open();
  ASSERT_OK(cudaEventSynchronize(event));
  EXPECT_EQ(6, pinned[0]);
  EXPECT_OK(cudaFree(device));
  EXPECT_OK(cudaFreeHost(pinned));
  EXPECT_OK(cudaEventDestroy(event));
  EXPECT_OK(cudaStreamDestroy(stream));
}

TEST(Streams, DestroyedOnesStillDoTheirWork) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  Gate gate;
  Record record;
  gate.hold(stream);
  for (int i = 0; i < 10; ++i) ASSERT_OK(record.later(stream, i));
  ASSERT_OK(cudaStreamDestroy(stream));
  EXPECT_TRUE(record.seen().empty());
  gate.open();
  ASSERT_OK(cudaDeviceSynchronize());
  EXPECT_EQ(first(10), record.seen());
}

struct Called {
  cudaStream_t stream = nullptr;
  cudaError_t status = cudaErrorUnknown;
};

TEST(Streams, CallBackWithStreamAndStatus) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  Called called;
  auto callback = [](cudaStream_t from, cudaError_t status, void* data) { *static_cast<Called*>(data) = Called{from, status}; };
  ASSERT_OK(cudaStreamAddCallback(stream, callback, &called, 0));
  ASSERT_OK(cudaStreamSynchronize(stream));
  EXPECT_EQ(stream, called.stream);
  EXPECT_EQ(cudaSuccess, called.status);
  EXPECT_CUDA(cudaErrorInvalidValue, cudaStreamAddCallback(stream, nullptr, &called, 0));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaStreamAddCallback(stream, callback, &called, 1));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Streams, HaveFlagsAndOnePriority) {
  cudaStream_t stream;
  int least = 5, greatest = 5, priority = 5;
  ASSERT_OK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  EXPECT_LE(greatest, least);
  ASSERT_OK(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest));
  unsigned flags = 9;
  EXPECT_OK(cudaStreamGetFlags(stream, &flags));
  EXPECT_EQ(unsigned{cudaStreamNonBlocking}, flags);
  EXPECT_OK(cudaStreamGetPriority(stream, &priority));
  EXPECT_EQ(greatest, priority);
  EXPECT_OK(cudaStreamDestroy(stream));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaStreamCreateWithFlags(&stream, 0x80));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaStreamCreate(nullptr));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaLaunchHostFunc(nullptr, nullptr, nullptr));
  cudaGetLastError();
}

TEST(Events, OrderStreams) {
  cudaStream_t one, other;
  cudaEvent_t event;
  ASSERT_OK(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking));
  ASSERT_OK(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  ASSERT_OK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  Gate gate;
  Record record;
  gate.hold(one);
  ASSERT_OK(record.later(one, 0));
  ASSERT_OK(cudaEventRecord(event, one));
  ASSERT_OK(cudaStreamWaitEvent(other, event));
  ASSERT_OK(record.later(other, 1));
  EXPECT_CUDA(cudaErrorNotReady, cudaEventQuery(event));
  // What a stream waits for is the recording at the time of the call.
  ASSERT_OK(cudaEventRecord(event, other));
  ASSERT_OK(cudaEventDestroy(event));
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(other));
  EXPECT_EQ(first(2), record.seen());
  EXPECT_OK(cudaStreamDestroy(one));
  EXPECT_OK(cudaStreamDestroy(other));
  cudaGetLastError();
}

TEST(Events, MeasureTheTimeOfTheWorkBetween) {
  cudaStream_t stream;
  cudaEvent_t start, end;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaEventCreate(&start));
  ASSERT_OK(cudaEventCreateWithFlags(&end, cudaEventBlockingSync));
  float ms = -1;
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, end)) << "never recorded";
  int before = 20, between = 50;
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &before));
  ASSERT_OK(cudaEventRecord(start, stream));
  ASSERT_OK(cudaLaunchHostFunc(stream, sleep_for, &between));
  ASSERT_OK(cudaEventRecord(end, stream));
  EXPECT_CUDA(cudaErrorNotReady, cudaEventElapsedTime(&ms, start, end));
  pause(100);
  ASSERT_OK(cudaEventSynchronize(end));
  ASSERT_OK(cudaEventElapsedTime(&ms, start, end));
  EXPECT_GE(ms, 49.0f);
  EXPECT_LT(ms, 500.0f) << "generous, for a busy machine";
  ASSERT_OK(cudaEventElapsedTime(&ms, end, start));
  EXPECT_LE(ms, -49.0f);
  EXPECT_OK(cudaEventDestroy(start));
  EXPECT_OK(cudaEventDestroy(end));
  EXPECT_OK(cudaStreamDestroy(stream));
  cudaGetLastError();
}

TEST(Events, WithoutTimingOrRecordingHaveNoTime) {
  cudaEvent_t plain, untimed;
  ASSERT_OK(cudaEventCreate(&plain));
  ASSERT_OK(cudaEventCreate(&untimed, cudaEventDisableTiming));
  EXPECT_OK(cudaEventQuery(plain)) << "nothing to wait for";
  EXPECT_OK(cudaEventSynchronize(plain));
  EXPECT_OK(cudaEventRecord(plain));
  EXPECT_OK(cudaEventRecord(untimed));
  EXPECT_OK(cudaDeviceSynchronize());
  float ms = 0;
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, plain, untimed));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaEventElapsedTime(nullptr, plain, plain));
  EXPECT_OK(cudaEventDestroy(plain));
  EXPECT_OK(cudaEventDestroy(untimed));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaEventCreateWithFlags(&plain, 0x100));
  EXPECT_CUDA(cudaErrorInvalidValue, cudaEventCreate(nullptr));
  cudaGetLastError();
}

TEST(Streams, AreRightFromManyThreads) {
  constexpr int kThreads = 4, kRounds = 200;
  cudaStream_t shared;
  ASSERT_OK(cudaStreamCreate(&shared));
  std::atomic<int> wrong{0}, ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      cudaStream_t stream;
      cudaEvent_t event;
      int *device = nullptr, *pinned = nullptr;
      wrong += cudaStreamCreate(&stream) || cudaEventCreate(&event) || cudaMalloc(&device, 4) || cudaMallocHost(&pinned, 4);
      for (int i = 0; i < kRounds; ++i) {
        *pinned = t * kRounds + i;
        int received = -1;
        wrong += cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream) != cudaSuccess;
        wrong += cudaLaunchHostFunc(
                     stream, [](void* count) { ++*static_cast<std::atomic<int>*>(count); }, &ran) != cudaSuccess;
        wrong += cudaEventRecord(event, stream) != cudaSuccess;
        wrong += cudaStreamWaitEvent(shared, event) != cudaSuccess;
        wrong += cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, shared) != cudaSuccess;
        wrong += cudaEventRecord(event, shared) != cudaSuccess;
        wrong += cudaEventSynchronize(event) != cudaSuccess;
        wrong += cudaMemcpy(&received, device, 4, cudaMemcpyDeviceToHost) != cudaSuccess;
        wrong += received != t * kRounds + i || *pinned != received;
      }
      wrong += cudaFree(device) || cudaFreeHost(pinned) || cudaEventDestroy(event) || cudaStreamDestroy(stream);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(cudaStreamDestroy(shared));
  EXPECT_EQ(0, wrong);
  EXPECT_EQ(kThreads * kRounds, ran);
}

#ifdef INGOT_CUDART
// With the real runtime these are undefined, forbidden, or lock up, for it may run all host functions one by one.

TEST(Streams, RunBesideEachOther) {
  cudaStream_t one, other;
  ASSERT_OK(cudaStreamCreate(&one));
  ASSERT_OK(cudaStreamCreate(&other));
  Gate gate;
  Record record;
  gate.hold(one);
  ASSERT_OK(record.later(other, 0));
  ASSERT_OK(cudaStreamSynchronize(other));
  EXPECT_EQ(first(1), record.seen());
  EXPECT_CUDA(cudaErrorNotReady, cudaStreamQuery(one));
  gate.open();
  EXPECT_OK(cudaStreamDestroy(one));
  EXPECT_OK(cudaStreamDestroy(other));
  cudaGetLastError();
}

TEST(Streams, TheDefaultStreamWaitsForBlockingStreamsAndTheyForIt) {
  cudaStream_t blocking, free;
  ASSERT_OK(cudaStreamCreate(&blocking));
  ASSERT_OK(cudaStreamCreateWithFlags(&free, cudaStreamNonBlocking));
  Gate before, within;
  Record record;
  before.hold(blocking);
  ASSERT_OK(record.later(blocking, 0));
  ASSERT_OK(record.later(nullptr, 1));
  within.hold(cudaStreamLegacy);
  ASSERT_OK(record.later(blocking, 2));
  ASSERT_OK(record.later(free, 7));
  ASSERT_OK(cudaStreamSynchronize(free));
  EXPECT_EQ(std::vector<int>{7}, record.seen()) << "a non-blocking stream waits for no other";
  before.open();
  while (record.seen().size() < 3) pause(1);
  pause(10);
  EXPECT_EQ((std::vector<int>{7, 0, 1}), record.seen()) << "the default stream is still busy";
  within.open();
  ASSERT_OK(cudaDeviceSynchronize());
  EXPECT_EQ((std::vector<int>{7, 0, 1, 2}), record.seen());
  EXPECT_OK(cudaStreamDestroy(blocking));
  EXPECT_OK(cudaStreamDestroy(free));
}

TEST(Streams, OfEachThreadAreItsOwn) {
  Gate gate;
  Record record;
  gate.hold(cudaStreamPerThread);
  std::thread([&] {
    EXPECT_OK(record.later(cudaStreamPerThread, 0));
    EXPECT_OK(cudaStreamSynchronize(cudaStreamPerThread));
  }).join();
  EXPECT_EQ(first(1), record.seen());
  EXPECT_CUDA(cudaErrorNotReady, cudaStreamQuery(cudaStreamPerThread));
  gate.open();
  EXPECT_OK(cudaStreamSynchronize(cudaStreamPerThread));
  cudaGetLastError();
}

TEST(Streams, ThatAreGoneAreInvalid) {
  cudaStream_t stream;
  cudaEvent_t event;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaEventCreate(&event));
  ASSERT_OK(cudaStreamDestroy(stream));
  ASSERT_OK(cudaEventDestroy(event));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaStreamDestroy(stream));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaMemsetAsync(&stream, 0, 1, stream));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaEventDestroy(event));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaEventRecord(event));
  EXPECT_CUDA(cudaErrorInvalidResourceHandle, cudaStreamDestroy(nullptr));
  cudaGetLastError();
}

struct Nested {
  cudaStream_t stream;
  cudaEvent_t event;
  int* device;
  int copied = 0;
  Record record;
  std::vector<cudaError_t> errors;
};

TEST(Streams, TakeWorkFromTheirOwnHostFunctions) {
  Nested nested;
  ASSERT_OK(cudaStreamCreate(&nested.stream));
  ASSERT_OK(cudaEventCreate(&nested.event));
  ASSERT_OK(cudaMalloc(&nested.device, 4));
  auto function = [](void* data) {
    auto& n = *static_cast<Nested*>(data);
    void* scratch = nullptr;
    n.errors = {cudaMalloc(&scratch, 4),
                cudaMemsetAsync(n.device, 1, 4, n.stream),
                cudaMemcpyAsync(scratch, n.device, 4, cudaMemcpyDeviceToDevice, n.stream),
                n.record.later(n.stream, 0),
                cudaEventRecord(n.event, n.stream),
                cudaEventSynchronize(n.event),
                cudaStreamSynchronize(n.stream),
                cudaMemcpy(&n.copied, scratch, 4, cudaMemcpyDeviceToHost),
                cudaDeviceSynchronize(),
                cudaFree(scratch)};
    Record::Entry done{&n.record, 1};
    Record::append(&done);
  };
  ASSERT_OK(cudaLaunchHostFunc(nested.stream, function, &nested));
  ASSERT_OK(nested.record.later(nested.stream, 2));
  ASSERT_OK(cudaStreamSynchronize(nested.stream));
  EXPECT_EQ(first(3), nested.record.seen());
  EXPECT_EQ(0x01010101, nested.copied);
  for (cudaError_t error : nested.errors) EXPECT_OK(error);
  EXPECT_OK(cudaFree(nested.device));
  EXPECT_OK(cudaEventDestroy(nested.event));
  EXPECT_OK(cudaStreamDestroy(nested.stream));
}

TEST(Streams, HostFunctionsMayFreeAndSynchronizeWhileOthersWaitForThem) {
  cudaStream_t stream;
  ASSERT_OK(cudaStreamCreate(&stream));
  Gate gate;
  gate.hold(stream);
  std::vector<cudaError_t> errors;
  auto function = [](void* data) {
    void* memory = nullptr;
    *static_cast<std::vector<cudaError_t>*>(data) = {cudaMalloc(&memory, 4), cudaFree(memory), cudaDeviceSynchronize()};
  };
  Record record;
  ASSERT_OK(cudaLaunchHostFunc(stream, function, &errors));
  ASSERT_OK(record.later(nullptr, 0));
  gate.open();
  ASSERT_OK(cudaStreamSynchronize(nullptr));
  ASSERT_EQ(3u, errors.size());
  for (cudaError_t error : errors) EXPECT_OK(error);
  EXPECT_EQ(first(1), record.seen());
  EXPECT_OK(cudaStreamDestroy(stream));
}
#endif

TEST(Streams, who_waits_is_told_once_that_work_failed) {
  const auto fail = [](void*) { EXPECT_EQ(ingotCudartFailWork(), 0); };
  EXPECT_EQ(ingotCudartFailWork(), 1);
  cudaStream_t stream = nullptr, other = nullptr;
  ASSERT_OK(cudaStreamCreate(&stream));
  ASSERT_OK(cudaStreamCreate(&other));
  cudaEvent_t event = nullptr;
  ASSERT_OK(cudaEventCreate(&event));

  EXPECT_OK(cudaLaunchHostFunc(stream, fail, nullptr));
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaGetLastError());
  EXPECT_OK(cudaStreamSynchronize(stream));

  EXPECT_OK(cudaLaunchHostFunc(stream, fail, nullptr));
  EXPECT_OK(cudaStreamSynchronize(other));
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaDeviceSynchronize());

  EXPECT_OK(cudaLaunchHostFunc(stream, fail, nullptr));
  EXPECT_OK(cudaEventRecord(event, stream));
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaEventSynchronize(event));

  // A stream that waits for it takes nothing away.
  EXPECT_OK(cudaLaunchHostFunc(stream, fail, nullptr));
  EXPECT_OK(cudaEventRecord(event, stream));
  EXPECT_OK(cudaStreamWaitEvent(other, event, 0));
  EXPECT_OK(cudaStreamSynchronize(other));
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaStreamSynchronize(stream));

  EXPECT_OK(cudaLaunchHostFunc(stream, fail, nullptr));
  int from = 1, to = 0;
  EXPECT_CUDA(cudaErrorLaunchFailure, cudaMemcpyAsync(&to, &from, sizeof to, cudaMemcpyDefault, stream));
  EXPECT_OK(cudaStreamDestroy(other));
  EXPECT_OK(cudaStreamDestroy(stream));
  EXPECT_OK(cudaEventDestroy(event));
}

}  // namespace
