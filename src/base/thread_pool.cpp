#include "base/thread_pool.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "base/env.h"

namespace ingot {
namespace {

// A worker spins this long for the next piece of work before it sleeps: longer than the gap between two steps of a network.
constexpr int kSpins = 20000;

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1 << 30, nullptr, nullptr, 0); }

// CPUs by affinity and by the quota of the control group (version 2, then 1).
int available_cpus() {
  cpu_set_t set;
  int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
  double quota = -1, period = 0;
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    char first[32];
    if (std::fscanf(file, "%31s %lf", first, &period) == 2 && first[0] != 'm') quota = std::atof(first);
    std::fclose(file);
  } else if (FILE* file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r")) {
    if (std::fscanf(file, "%lf", &quota) != 1) quota = -1;
    std::fclose(file);
    if (FILE* period_file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r")) {
      if (std::fscanf(period_file, "%lf", &period) != 1) period = 0;
      std::fclose(period_file);
    }
  }
  if (quota > 0 && period > 0) {
    const int allowed = static_cast<int>(quota / period + 0.999);
    if (allowed < cpus) cpus = allowed;
  }
  return cpus < 1 ? 1 : cpus;
}

int wanted_threads(int threads) {
  if (threads > 0) return threads;
  if (const auto text = environment("INGOT_THREADS")) {
    const int number = std::atoi(text->c_str());
    if (number > 0) return number < 1024 ? number : 1024;
  }
  return available_cpus();
}

}  // namespace

struct ThreadPool::State {
  int threads = 1;
  std::vector<std::thread> workers;
  std::mutex owner;  // held by the caller whose work the workers run

  // The job; written by the owner before `generation` is raised.
  Erased function = nullptr;
  void* context = nullptr;
  int64_t parts = 0;
  bool stop = false;

  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<int> sleepers{0};
  alignas(64) std::atomic<int> running{0};

  void run_range(int worker) {
    const int64_t begin = parts * worker / threads, end = parts * (worker + 1) / threads;
    for (int64_t part = begin; part < end; ++part) function(context, part, worker);
  }

  void work(int worker) {
    uint32_t seen = 0;
    while (true) {
      uint32_t now = generation.load(std::memory_order_acquire);
      for (int i = 0; now == seen && i < kSpins; ++i) {
        _mm_pause();
        now = generation.load(std::memory_order_acquire);
      }
      if (now == seen) {
        sleepers.fetch_add(1, std::memory_order_seq_cst);
        while ((now = generation.load(std::memory_order_seq_cst)) == seen) futex_wait(generation, seen);
        sleepers.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = now;
      if (stop) return;
      run_range(worker);
      running.fetch_sub(1, std::memory_order_release);
    }
  }

  void publish() {
    generation.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0) futex_wake(generation);
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  state_->threads = wanted_threads(threads);
  int started = 1;
  for (; started < state_->threads; ++started) {
    // A machine that is out of threads gets a smaller pool: results do not depend on it.
    try {
      state_->workers.emplace_back([this, started] { state_->work(started); });
    } catch (...) {
      break;
    }
  }
  state_->threads = started;
}

ThreadPool::~ThreadPool() {
  state_->stop = true;
  state_->publish();
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::thread_count() const { return state_->threads; }

void ThreadPool::run_erased(int64_t parts, Erased function, void* context) {
  State& state = *state_;
  if (parts <= 0) return;
  if (parts == 1 || state.threads == 1 || !state.owner.try_lock()) {
    for (int64_t part = 0; part < parts; ++part) function(context, part, 0);
    return;
  }
  state.function = function;
  state.context = context;
  state.parts = parts;
  state.running.store(state.threads - 1, std::memory_order_relaxed);
  state.publish();
  state.run_range(0);
  for (int spins = 0; state.running.load(std::memory_order_acquire) > 0; ++spins) {
    _mm_pause();
    // The worker may have lost its CPU to somebody else; let it have this one.
    if (spins > 4 * kSpins) {
      std::this_thread::yield();
      spins = 0;
    }
  }
  state.owner.unlock();
}

ThreadPool& ThreadPool::shared() {
  // Never destroyed: streams may still run while the process ends.
  static ThreadPool* pool = new ThreadPool();
  return *pool;
}

}  // namespace ingot
