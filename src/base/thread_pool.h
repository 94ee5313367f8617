// A pool that cuts work by its shape, never by the number of threads, so that results do not depend on it.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace ingot {

class ThreadPool {
 public:
  // `threads` counts the caller; 0 takes INGOT_THREADS, else what affinity and the cgroup's CPU quota allow.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int thread_count() const;

  // Calls function(part, worker) for part = 0 .. parts-1, each once; returns when all are done. Each thread begins with a contiguous
  // range of its own and helps the others afterwards; `worker` in [0, thread_count) names a scratch slot. Never fails, allocates nothing.
  // Concurrent calls from several contexts are right: the pool serves one at a time and the others run their parts on their own thread.
  template <class Function>
  void run(int64_t parts, Function&& function) {
    using Callable = std::remove_reference_t<Function>;
    run_erased(
        parts, [](void* context, int64_t part, int worker) { (*static_cast<Callable*>(context))(part, worker); },
        const_cast<void*>(static_cast<const void*>(&function)));
  }

  // The pool that all contexts of the process share.
  static ThreadPool& shared();

 private:
  using Erased = void (*)(void* context, int64_t part, int worker);
  void run_erased(int64_t parts, Erased function, void* context);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ingot
