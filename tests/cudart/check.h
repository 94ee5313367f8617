// What the tests of the runtime share.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Prints an error by its name.
#define EXPECT_CUDA(wanted, call) EXPECT_STREQ(cudaGetErrorName(wanted), cudaGetErrorName(call))
#define EXPECT_OK(call) EXPECT_CUDA(cudaSuccess, call)
#define ASSERT_OK(call) ASSERT_STREQ("cudaSuccess", cudaGetErrorName(call))

// Keeps a stream busy until it is opened.
class Gate {
 public:
  ~Gate() { open(); }
  void hold(cudaStream_t stream) { ASSERT_OK(cudaLaunchHostFunc(stream, wait, this)); }
  void open() {
    std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  static void wait(void* self) {
    auto& gate = *static_cast<Gate*>(self);
    std::unique_lock<std::mutex> lock(gate.mutex_);
    gate.changed_.wait(lock, [&] { return gate.is_open_; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
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
    entries.push_back(std::unique_ptr<Entry>(new Entry{this, number}));
    return cudaLaunchHostFunc(stream, append, entries.back().get());
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
