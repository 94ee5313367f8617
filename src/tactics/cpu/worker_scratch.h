// Scratch memory of each worker in a step's workspace, whose size is told before the pool is known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"

namespace ingot {

// Work is cut into units by shape alone. Each slot of scratch serves one worker; a pool with more workers than slots runs the units in
// as many shares as there are slots, which changes who computes a unit, never what it computes.
class WorkerScratch {
 public:
  WorkerScratch() = default;
  explicit WorkerScratch(size_t bytes_each)
      : bytes_((bytes_each + 63) / 64 * 64), slots_(std::max(2, ThreadPool::shared().thread_count())) {}

  size_t workspace_bytes() const { return bytes_ * static_cast<size_t>(slots_); }

  // Calls body(unit, scratch of the worker) for each unit.
  template <class Body>
  void run(ThreadPool& pool, int64_t units, void* workspace, Body&& body) const {
    auto* scratch = static_cast<std::byte*>(workspace);
    if (pool.thread_count() <= slots_) {
      pool.run(units, [&](int64_t unit, int worker) { body(unit, scratch + static_cast<size_t>(worker) * bytes_); });
      return;
    }
    pool.run(slots_, [&](int64_t slot, int) {
      for (int64_t unit = units * slot / slots_; unit < units * (slot + 1) / slots_; ++unit)
        body(unit, scratch + static_cast<size_t>(slot) * bytes_);
    });
  }

 private:
  size_t bytes_ = 0;
  int slots_ = 2;
};

}  // namespace ingot
