#include "base/thread_pool.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
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

// Each thread owns a contiguous range of the parts and takes it in pieces that shrink; one that is through takes pieces of the others'
// ranges. So nobody waits for a thread that has lost its CPU, but for the piece that it holds, and a thread that comes late finds nothing.
struct ThreadPool::State {
  // What is left of a thread's range: the job's number above, the next part below. The number keeps late threads from taking of another
  // job.
  struct alignas(64) Range {
    std::atomic<uint64_t> next{0};
    std::atomic<uint32_t> end{0};
  };

  int threads = 1;
  std::vector<std::thread> workers;
  std::mutex owner;  // held by the caller whose work the workers run

  bool has_cpus = false;           // one for each thread
  std::atomic<int> owner_cpu{-1};  // where the owner of the job runs

  // The job; written by the owner before `generation` is raised. A late thread may read it while the next one is written: it then takes no
  // part.
  std::atomic<Erased> function{nullptr};
  std::atomic<void*> context{nullptr};
  std::atomic<bool> stop{false};
  std::unique_ptr<Range[]> ranges;

  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<int> sleepers{0};
  alignas(64) std::atomic<uint32_t> left{0};  // parts that are not done

  // Takes a piece of a range of job `number`: its first part and count, 0 where none is left.
  static std::pair<uint32_t, uint32_t> take(Range& range, uint32_t number, uint32_t pieces) {
    uint64_t next = range.next.load(std::memory_order_acquire);
    while (true) {
      const auto first = static_cast<uint32_t>(next);
      const uint32_t end = range.end.load(std::memory_order_acquire);
      if (next >> 32 != number || first >= end) return {0, 0};
      const uint32_t count = (end - first + pieces - 1) / pieces;
      if (range.next.compare_exchange_weak(next, next + count, std::memory_order_acq_rel, std::memory_order_acquire)) return {first, count};
    }
  }

  void work_on(uint32_t number, int worker) {
    const Erased call = function.load(std::memory_order_relaxed);
    void* const argument = context.load(std::memory_order_relaxed);
    uint32_t done = 0;
    for (int turn = 0; turn < threads; ++turn) {
      const int whose = (worker + turn) % threads;
      // Its own range in halves, as nobody may need the rest; of the others' a little at a time.
      while (true) {
        const auto [first, count] = take(ranges[static_cast<size_t>(whose)], number, turn == 0 ? 2 : 4);
        if (count == 0) break;
        for (uint32_t part = first; part < first + count; ++part) call(argument, part, worker);
        done += count;
      }
    }
    if (done) left.fetch_sub(done, std::memory_order_acq_rel);
  }

  // Leaves the owner's CPU to the owner. Of two new threads the kernel may keep both on one CPU, in turns, for a tenth of a second.
  // The affinity is as before when it returns.
  void leave_owner(std::chrono::steady_clock::time_point* last) const {
    const int cpu = owner_cpu.load(std::memory_order_relaxed);
    if (!has_cpus || cpu < 0 || cpu >= CPU_SETSIZE || sched_getcpu() != cpu) return;
    // Rarely: a move costs some microseconds, and the CPU that is moved to may be taken as well.
    const auto now = std::chrono::steady_clock::now();
    if (now - *last < std::chrono::milliseconds(10)) return;
    *last = now;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    cpu_set_t others = allowed;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) == 0) return;
    if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
  }

  void work(int worker) {
    uint32_t seen = 0;
    std::chrono::steady_clock::time_point last_move{};
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
      if (stop.load(std::memory_order_relaxed)) return;
      leave_owner(&last_move);
      work_on(now, worker);
    }
  }

  void publish(uint32_t number) {
    generation.store(number, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0) futex_wake(generation);
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  state_->threads = wanted_threads(threads);
  state_->has_cpus = state_->threads > 1 && state_->threads <= available_cpus();
  state_->ranges = std::make_unique<State::Range[]>(static_cast<size_t>(state_->threads));
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
  state_->publish(state_->generation.load() + 1);
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::thread_count() const { return state_->threads; }

void ThreadPool::run_erased(int64_t parts, Erased function, void* context) {
  State& state = *state_;
  if (parts <= 0) return;
  if (parts == 1 || parts > INT32_MAX || state.threads == 1 || !state.owner.try_lock()) {
    for (int64_t part = 0; part < parts; ++part) function(context, part, 0);
    return;
  }
  const uint32_t number = state.generation.load(std::memory_order_relaxed) + 1;
  state.function.store(function, std::memory_order_relaxed);
  state.context.store(context, std::memory_order_relaxed);
  state.left.store(static_cast<uint32_t>(parts), std::memory_order_relaxed);
  for (int t = 0; t < state.threads; ++t) {
    State::Range& range = state.ranges[static_cast<size_t>(t)];
    range.next.store(static_cast<uint64_t>(number) << 32 | UINT32_MAX, std::memory_order_release);  // closed while its end changes
    range.end.store(static_cast<uint32_t>(parts * (t + 1) / state.threads), std::memory_order_release);
    range.next.store(static_cast<uint64_t>(number) << 32 | static_cast<uint32_t>(parts * t / state.threads), std::memory_order_release);
  }
  if (state.has_cpus) state.owner_cpu.store(sched_getcpu(), std::memory_order_relaxed);
  state.publish(number);
  state.work_on(number, 0);
  for (int spins = 0; state.left.load(std::memory_order_acquire) > 0; ++spins) {
    _mm_pause();
    // The worker may have lost its CPU to somebody else; let it have this one.
    if (spins > kSpins) {
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
