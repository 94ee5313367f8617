// What stands behind the handles: streams with their queues and threads, events, and the calls' common frame.
//
// One mutex guards all of it; it is never held while work runs. The state is never destroyed, for threads may outlive main.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "cuda_runtime_api.h"

namespace ingot::cudart {

struct Stream;
struct Event;
struct Capture;
struct Program;
using StreamRef = std::shared_ptr<Stream>;
using EventRef = std::shared_ptr<Event>;
using Lock = std::unique_lock<std::mutex>;
using Clock = std::chrono::steady_clock;

// A place in a stream's order: all work up to `ticket` done. One without a stream is reached already.
struct Point {
  StreamRef stream;
  uint64_t ticket = 0;
};

// One thing that a stream does. Copies and fills are of `height` rows of `width` bytes.
struct Work {
  enum class Kind : uint8_t { kNothing, kHostFunction, kCallback, kCopy, kFill, kFree, kRecord, kWait, kGraph };
  Kind kind = Kind::kNothing;
  uint8_t element_bytes = 1;  // kFill: 1, 2 or 4
  uint32_t value = 0;         // kFill
  void* target = nullptr;     // kCopy, kFill, kFree
  const void* source = nullptr;
  size_t target_pitch = 0, source_pitch = 0, width = 0, height = 1;
  cudaHostFn_t host_function = nullptr;
  cudaStreamCallback_t callback = nullptr;
  cudaStream_t handle = nullptr;  // kCallback: the stream as the program named it
  void* user_data = nullptr;
  uint64_t ticket = 0;          // kWait: until there; kRecord: which recording of the event
  std::shared_ptr<void> owned;  // kCopy: a staged source; kRecord: the event; kWait: the stream; kGraph: the program
};

Work host_function(cudaHostFn_t function, void* user_data);
Work copy(void* target, size_t target_pitch, const void* source, size_t source_pitch, size_t width, size_t height);
Work fill(void* target, size_t pitch, uint32_t value, uint8_t element_bytes, size_t width, size_t height);
Work release(void* memory);
Work graph(std::shared_ptr<Program> program);

// First in, first out. Its room grows and is kept, so a stream in steady use allocates nothing.
class WorkQueue {
 public:
  bool empty() const { return count_ == 0; }
  void push(Work&& work);
  Work pop();
  // Forgets what is queued without running destructors, which may be the program's.
  void abandon();

 private:
  std::vector<Work> slots_;
  size_t head_ = 0;
  size_t count_ = 0;
};

struct Stream {
  bool is_legacy = false;
  bool is_blocking = true;  // waits for the legacy default stream, and is waited for by it
  bool has_worker = false;
  bool is_released = false;  // the handle is gone; the worker ends when the queue is empty
  uint64_t id = 0;
  WorkQueue queue;
  uint64_t submitted = 0;  // tickets given out
  uint64_t completed = 0;
  cudaError_t failure = cudaSuccess;  // of its work; who waits for the stream next is told
  int waiters = 0;
  std::condition_variable arrived, advanced;
  std::shared_ptr<Capture> capture;

  bool is_busy() const { return completed < submitted; }
};

struct Event {
  unsigned flags = 0;
  bool is_recorded = false;
  bool is_captured = false;
  Point last;               // the newest recording
  uint64_t recordings = 0;  // the newest one's number; an older one no longer sets the time
  Clock::time_point time;
  std::weak_ptr<Capture> capture;
  std::unordered_map<Stream*, size_t> seen;  // with is_captured: how many nodes of each stream lie before it
};

class Runtime {
 public:
  static Runtime& get();

  std::mutex mutex;
  StreamRef legacy;
  std::vector<StreamRef> streams;  // all others: those with a handle, and released ones that still have work
  std::unordered_map<const void*, StreamRef> stream_handles;
  std::unordered_map<const void*, EventRef> event_handles;
  std::vector<std::shared_ptr<Capture>> captures;  // under way
  bool is_exiting = false;
  int working = 0;  // workers inside a piece of work

  // The stream of a handle, or null for one that is not live.
  StreamRef find(cudaStream_t handle);
  EventRef find(cudaEvent_t handle);
  // Null where the system gives no more.
  StreamRef create(bool is_blocking);
  void release(const StreamRef& stream);

  // Queues `work` in order: on the stream's queue, into its capture, or run in place where the caller is the stream's own thread.
  cudaError_t submit(Lock& lock, const StreamRef& stream, Work&& work);
  // Waits for all that the stream's next work would wait for, then runs `work` in the calling thread.
  cudaError_t run_in_place(Lock& lock, const StreamRef& stream, Work&& work);
  // Whether the stream's next work would wait for nothing.
  bool is_idle(const StreamRef& stream) const;
  // Whether the calling thread is inside work of `stream`, or of any stream where `stream` is a default one.
  bool is_inside(const StreamRef& stream) const;
  cudaError_t wait(Lock& lock, const Point& point);
  // The failure of the stream's work, once, for threads of the program; streams that wait for others do not take it.
  cudaError_t take_failure(Stream& stream);
  // What the calling thread does as a stream's work has failed; false where it does none.
  bool fail_work();
  // Waits for everything that is queued on any stream now.
  cudaError_t wait_for_all(Lock& lock);
  // Refuses use of the legacy stream, and waiting, during a capture that it would break; the capture is then invalid.
  cudaError_t refuse_legacy(const StreamRef& stream);
  cudaError_t refuse_waiting(const StreamRef& stream);
  // Whether the legacy stream would have to wait for a stream that is being captured.
  bool has_blocking_capture() const;
  // Takes all streams out of `capture`, which the caller holds.
  void end(Capture& capture);

 private:
  Runtime();
  void start_worker(const StreamRef& stream);
  void work_on(const StreamRef& stream);
  void push(const StreamRef& stream, Work&& work);
  void push_waits(const StreamRef& stream);
  // Runs `work`; holds the lock before and after, and not while it runs.
  void perform(Lock& lock, Work& work);
  void stop();
  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
};

// Captures `work` as the stream's next node (capture.cpp).
cudaError_t append_to_capture(const StreamRef& stream, Work&& work);
// Captured forms of recording and waiting for an event.
cudaError_t record_in_capture(const StreamRef& stream, Event& event);
// The answer to who asks for an event that was recorded in a capture; asking spoils the capture.
cudaError_t refuse_captured(const Event& event);
cudaError_t wait_in_capture(const StreamRef& stream, const EventRef& event);
// Runs a graph's nodes one after the other.
void run_program(const Program& program);
void run_unlocked(const Work& work);

cudaError_t set_last_error(cudaError_t error);

// The frame of every call: keeps a failure as the thread's last error, and lets no exception out.
template <class Call>
cudaError_t guarded(Call call) noexcept {
  try {
    return set_last_error(call());
  } catch (const std::bad_alloc&) {
    return set_last_error(cudaErrorMemoryAllocation);
  } catch (...) {
    return set_last_error(cudaErrorOperatingSystem);
  }
}

}  // namespace ingot::cudart
