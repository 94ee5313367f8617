// Contexts on streams of the CUDA stand-in: in order within a stream, at once on several.
#include <cuda_runtime_api.h>

#include <thread>

#include "helpers.h"

namespace ingot {
namespace {

const char* kNetwork = R"(
input x [n, 32]
weights w1 float [32, 64] = seed 1
weights w2 float [64, 32] = seed 2
a = matmul(x, w1)
r = relu(a)
y = matmul(r, w2)
output y
profile 0 x min=[1, 32] opt=[16, 32] max=[512, 32]
)";

struct StreamGuard {
  cudaStream_t stream = nullptr;
  StreamGuard() { EXPECT_EQ(cudaStreamCreate(&stream), cudaSuccess); }
  ~StreamGuard() { cudaStreamDestroy(stream); }
};

TEST(Streams, ContextsOnTwoStreamsDoNotDisturbEachOther) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  constexpr int kRounds = 30;
  const auto work = [&](uint64_t seed) {
    StreamGuard guard;
    ExecutionContext context(engine);
    for (int round = 0; round < kRounds; ++round) {
      const int64_t n = 1 + static_cast<int64_t>((seed * 131 + static_cast<uint64_t>(round) * 37) % 300);
      const Array x = random_array(DataType::kFloat, {n, 32}, seed + static_cast<uint64_t>(round));
      Array y = Array::make(DataType::kFloat, {n, 32}).value();
      ASSERT_TRUE(context.set_input_shape("x", x.shape()).ok());
      ASSERT_TRUE(context.set_address(0, const_cast<void*>(x.data())).ok());
      ASSERT_TRUE(context.set_address(1, y.mutable_data()).ok());
      ASSERT_TRUE(context.enqueue(Stream{guard.stream}).ok());
      ASSERT_EQ(cudaStreamSynchronize(guard.stream), cudaSuccess);
      ASSERT_TRUE(context.take_run_error().ok());
      expect_close(y, network->evaluate({x}).value()[0]);
    }
  };
  std::thread first([&] { work(1); }), second([&] { work(1000); });
  first.join();
  second.join();
}

TEST(Streams, RunsOfOneContextFollowEachOtherWithTheAddressesOfTheirTime) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  StreamGuard guard;
  ExecutionContext context(engine);
  constexpr int kRuns = 100;  // more than may wait at once
  Arrays inputs, outputs;
  for (int i = 0; i < kRuns; ++i) {
    inputs.push_back(random_array(DataType::kFloat, {1 + i % 5, 32}, static_cast<uint64_t>(i)));
    outputs.push_back(Array::make(DataType::kFloat, {1 + i % 5, 32}).value());
  }
  for (int i = 0; i < kRuns; ++i) {
    ASSERT_TRUE(context.set_input_shape("x", inputs[i].shape()).ok());
    ASSERT_TRUE(context.set_address(0, const_cast<void*>(inputs[i].data())).ok());
    ASSERT_TRUE(context.set_address(1, outputs[i].mutable_data()).ok());
    ASSERT_TRUE(context.enqueue(Stream{guard.stream}).ok());
  }
  ASSERT_EQ(cudaStreamSynchronize(guard.stream), cudaSuccess);
  for (int i = 0; i < kRuns; ++i) expect_close(outputs[i], network->evaluate({inputs[i]}).value()[0]);
}

TEST(Streams, AnInputThatIsCopiedOnTheStreamIsReadAfterTheCopy) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  StreamGuard guard;
  ExecutionContext context(engine);
  const Array x = random_array(DataType::kFloat, {512, 32}, 3);
  Array y = Array::make(DataType::kFloat, x.shape()).value();
  void *device_x = nullptr, *device_y = nullptr;
  ASSERT_EQ(cudaMalloc(&device_x, x.byte_count()), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&device_y, y.byte_count()), cudaSuccess);
  ASSERT_TRUE(context.set_input_shape("x", x.shape()).ok());
  ASSERT_TRUE(context.set_address(0, device_x).ok());
  ASSERT_TRUE(context.set_address(1, device_y).ok());
  ASSERT_EQ(cudaMemcpyAsync(device_x, x.data(), x.byte_count(), cudaMemcpyHostToDevice, guard.stream), cudaSuccess);
  ASSERT_TRUE(context.enqueue(Stream{guard.stream}).ok());
  ASSERT_EQ(cudaMemcpyAsync(y.mutable_data(), device_y, y.byte_count(), cudaMemcpyDeviceToHost, guard.stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(guard.stream), cudaSuccess);
  expect_close(y, network->evaluate({x}).value()[0]);
  cudaFree(device_x);
  cudaFree(device_y);
}

}  // namespace
}  // namespace ingot
