// What the tests of the runtime share.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Prints an error by its name.
#define EXPECT_CUDA(wanted, call) EXPECT_STREQ(cudaGetErrorName(wanted), cudaGetErrorName(call))
#define EXPECT_OK(call) EXPECT_CUDA(cudaSuccess, call)
#define ASSERT_OK(call) ASSERT_STREQ("cudaSuccess", cudaGetErrorName(call))

// Keeps a stream busy until it is opened, or gone.
class Gate {
 public:
  ~Gate() { open(); }
  void hold(cudaStream_t stream) { ASSERT_OK(cudaLaunchHostFunc(stream, wait, new std::shared_ptr<State>(state_))); }
  // Returns once the stream has come to the gate.
  void await_arrival() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->has_arrived; });
  }
  void open() {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->is_open = true;
    state_->changed.notify_all();
  }

 private:
  // The stream may look at it after the test is over.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    bool has_arrived = false;
  };
  static void wait(void* data) {
    std::unique_ptr<std::shared_ptr<State>> state(static_cast<std::shared_ptr<State>*>(data));
    State& gate = **state;
    std::unique_lock<std::mutex> lock(gate.mutex);
    gate.has_arrived = true;
    gate.changed.notify_all();
    gate.changed.wait(lock, [&] { return gate.is_open; });
  }
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Numbers that host functions append, in the order in which they ran.
struct Record {
  std::mutex mutex;
  std::vector<int> numbers;
  struct Entry {
    Record* record;
    int number;
  };
  std::vector<std::unique_ptr<Entry>> entries;

  // Queues a host function that appends `number`.
  cudaError_t later(cudaStream_t stream, int number) {
    auto* entry = new Entry{this, number};
    {
      std::lock_guard<std::mutex> lock(mutex);
      entries.push_back(std::unique_ptr<Entry>(entry));
    }
    return cudaLaunchHostFunc(stream, append, entry);
  }
  std::vector<int> seen() {
    std::lock_guard<std::mutex> lock(mutex);
    return numbers;
  }
  static void append(void* data) {
    auto& entry = *static_cast<Entry*>(data);
    std::lock_guard<std::mutex> lock(entry.record->mutex);
    entry.record->numbers.push_back(entry.number);
  }
};

inline void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

// A host function that takes `*data` milliseconds.
inline void sleep_for(void* data) { pause(*static_cast<int*>(data)); }
