#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace ingot {
namespace {

TEST(ThreadPool, RunsEachPartOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> calls(1000);
    for (int job = 0; job < 3000; ++job) {
      const int64_t parts = job % 37 == 0 ? 1000 : job % 23;
      for (auto& call : calls) call.store(0, std::memory_order_relaxed);
      pool.run(parts, [&](int64_t part, int worker) {
        ASSERT_GE(worker, 0);
        ASSERT_LT(worker, threads);
        calls[static_cast<size_t>(part)].fetch_add(1, std::memory_order_relaxed);
      });
      for (int64_t part = 0; part < 1000; ++part)
        ASSERT_EQ(calls[static_cast<size_t>(part)].load(), part < parts ? 1 : 0)
            << "part " << part << " of " << parts << ", " << threads << " threads";
    }
  }
}

// What the parts wrote is seen by the caller, without a word of synchronization of its own.
TEST(ThreadPool, ResultsAreVisibleToTheCaller) {
  ThreadPool pool(4);
  std::vector<int> values(64);
  for (int job = 0; job < 5000; ++job) {
    pool.run(64, [&](int64_t part, int) { values[static_cast<size_t>(part)] = job; });
    for (int value : values) ASSERT_EQ(value, job);
  }
}

// No two parts of one job run on one worker's scratch at a time.
TEST(ThreadPool, WorkersAreTheirOwn) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> inside(4);
  for (int job = 0; job < 2000; ++job) {
    pool.run(40, [&](int64_t, int worker) {
      ASSERT_EQ(inside[static_cast<size_t>(worker)].fetch_add(1), 0);
      inside[static_cast<size_t>(worker)].fetch_sub(1);
    });
  }
}

TEST(ThreadPool, ServesCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int job = 0; job < 2000; ++job) pool.run(10, [&](int64_t part, int) { sum.fetch_add(part, std::memory_order_relaxed); });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 3 * 2000 * 45);
}

// A thread that is held up keeps its piece only: the others do the rest.
TEST(ThreadPool, NobodyWaitsForPartsThatAnotherCanTake) {
  ThreadPool pool(2);
  std::atomic<int> done{0};
  pool.run(64, [&](int64_t part, int) {
    if (part == 0) {
      while (done.load() < 32) std::this_thread::yield();  // half of the parts would be its own
    }
    done.fetch_add(1);
  });
  EXPECT_EQ(done.load(), 64);
}

// Two threads that stand on one CPU part as soon as they work together, and may go anywhere afterwards.
TEST(ThreadPool, WorkersLeaveTheCallersCpu) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2) GTEST_SKIP() << "one CPU";
  ThreadPool pool(2);
  std::atomic<pid_t> worker_thread{0};
  const auto spin = [](int64_t microseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
    while (std::chrono::steady_clock::now() < end) {
    }
  };
  while (worker_thread == 0) {
    pool.run(64, [&](int64_t, int worker) {
      if (worker == 1) worker_thread = gettid();
      spin(50);
    });
  }
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  ASSERT_EQ(sched_setaffinity(worker_thread, sizeof here, &here), 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof here, &here), 0);
  ASSERT_EQ(sched_setaffinity(worker_thread, sizeof allowed, &allowed), 0);
  // The caller stays where it is, so that only the worker can leave.
  std::atomic<bool> parted{false};
  for (int job = 0; job < 200 && !parted; ++job) {
    pool.run(64, [&](int64_t, int worker) {
      if (worker == 1 && !CPU_ISSET(sched_getcpu(), &here)) parted = true;
      spin(50);
    });
  }
  EXPECT_TRUE(parted);
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(worker_thread, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&after, &allowed));
  sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace
}  // namespace ingot
