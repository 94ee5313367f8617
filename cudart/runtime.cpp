#include "runtime.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "memory.h"

namespace ingot::cudart {
namespace {

// The stream whose work the calling thread is running.
thread_local Stream* current_stream = nullptr;
// The calling thread's own default stream. Plain, so that it can be read while the thread's other variables are being destroyed.
thread_local Stream* own_stream = nullptr;
// Gives the thread's own stream back when the thread ends.
struct OwnStreamEnd {
  bool is_armed = false;
  ~OwnStreamEnd() {
    if (!own_stream) return;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    auto own = std::find_if(runtime.streams.begin(), runtime.streams.end(), [](const StreamRef& s) { return s.get() == own_stream; });
    own_stream = nullptr;
    if (own != runtime.streams.end()) runtime.release(StreamRef(*own));
  }
};
thread_local OwnStreamEnd own_stream_end;

void fill_row(void* row, uint32_t value, uint8_t element_bytes, size_t width) {
  if (element_bytes == 1) {
    std::memset(row, static_cast<int>(value), width);
    return;
  }
  auto* bytes = static_cast<unsigned char*>(row);
  for (size_t i = 0; i < width; i += element_bytes) std::memcpy(bytes + i, &value, element_bytes);
}

}  // namespace

Work host_function(cudaHostFn_t function, void* user_data) {
  Work work;
  work.kind = Work::Kind::kHostFunction;
  work.host_function = function;
  work.user_data = user_data;
  return work;
}

Work copy(void* target, size_t target_pitch, const void* source, size_t source_pitch, size_t width, size_t height) {
  Work work;
  work.kind = Work::Kind::kCopy;
  work.target = target;
  work.source = source;
  work.target_pitch = target_pitch;
  work.source_pitch = source_pitch;
  work.width = width;
  work.height = height;
  return work;
}

Work fill(void* target, size_t pitch, uint32_t value, uint8_t element_bytes, size_t width, size_t height) {
  Work work;
  work.kind = Work::Kind::kFill;
  work.target = target;
  work.target_pitch = pitch;
  work.value = value;
  work.element_bytes = element_bytes;
  work.width = width;
  work.height = height;
  return work;
}

Work release(void* memory) {
  Work work;
  work.kind = Work::Kind::kFree;
  work.target = memory;
  return work;
}

Work graph(std::shared_ptr<Program> program) {
  Work work;
  work.kind = Work::Kind::kGraph;
  work.owned = std::move(program);
  return work;
}

void WorkQueue::push(Work&& work) {
  if (count_ == slots_.size()) {
    std::vector<Work> wider(std::max<size_t>(16, 2 * slots_.size()));
    for (size_t i = 0; i < count_; ++i) wider[i] = std::move(slots_[(head_ + i) % slots_.size()]);
    slots_.swap(wider);
    head_ = 0;
  }
  slots_[(head_ + count_) % slots_.size()] = std::move(work);
  ++count_;
}

Work WorkQueue::pop() {
  Work work = std::move(slots_[head_]);
  head_ = (head_ + 1) % slots_.size();
  --count_;
  return work;
}

void WorkQueue::abandon() {
  if (empty()) return;
  static auto* abandoned = new std::vector<std::vector<Work>>;
  abandoned->push_back(std::move(slots_));
  slots_.clear();
  head_ = count_ = 0;
}

void run_unlocked(const Work& work) {
  switch (work.kind) {
    case Work::Kind::kHostFunction: work.host_function(work.user_data); break;
    case Work::Kind::kCallback: work.callback(work.handle, cudaSuccess, work.user_data); break;
    case Work::Kind::kCopy:
      for (size_t row = 0; row < work.height; ++row) {
        std::memmove(static_cast<char*>(work.target) + row * work.target_pitch,
                     static_cast<const char*>(work.source) + row * work.source_pitch, work.width);
      }
      break;
    case Work::Kind::kFill:
      for (size_t row = 0; row < work.height; ++row) {
        fill_row(static_cast<char*>(work.target) + row * work.target_pitch, work.value, work.element_bytes, work.width);
      }
      break;
    case Work::Kind::kFree: Memory::get().release(work.target); break;
    case Work::Kind::kGraph: run_program(*static_cast<const Program*>(work.owned.get())); break;
    case Work::Kind::kNothing:
    case Work::Kind::kRecord:
    case Work::Kind::kWait: break;
  }
}

Runtime& Runtime::get() {
  static Runtime* runtime = new Runtime;
  return *runtime;
}

Runtime::Runtime() : legacy(std::make_shared<Stream>()) {
  legacy->is_legacy = true;
  legacy->id = 1;
  Memory::get();  // before the fork handlers, which lock it
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

StreamRef Runtime::find(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return legacy;
  if (handle != cudaStreamPerThread) {
    auto found = stream_handles.find(handle);
    return found == stream_handles.end() ? nullptr : found->second;
  }
  if (own_stream) {
    for (const StreamRef& stream : streams) {
      if (stream.get() == own_stream) return stream;
    }
  }
  StreamRef stream = create(true);
  own_stream = stream.get();
  own_stream_end.is_armed = true;
  return stream;
}

EventRef Runtime::find(cudaEvent_t handle) {
  auto found = event_handles.find(handle);
  return found == event_handles.end() ? nullptr : found->second;
}

StreamRef Runtime::create(bool is_blocking) {
  static uint64_t next_id = 3;  // 1 and 2 are the default streams'
  auto stream = std::make_shared<Stream>();
  stream->is_blocking = is_blocking;
  stream->id = next_id++;
  streams.push_back(stream);
  return stream;
}

void Runtime::release(const StreamRef& stream) {
  stream->is_released = true;
  stream->arrived.notify_all();
  if (!stream->has_worker) streams.erase(std::remove(streams.begin(), streams.end(), stream), streams.end());
}

bool Runtime::is_inside(const StreamRef& stream) const {
  return current_stream && (stream.get() == current_stream || stream->is_legacy || stream.get() == own_stream);
}

bool Runtime::is_idle(const StreamRef& stream) const {
  if (stream->is_busy()) return false;
  if (!stream->is_legacy) return !stream->is_blocking || !legacy->is_busy();
  return std::none_of(streams.begin(), streams.end(), [](const StreamRef& other) { return other->is_blocking && other->is_busy(); });
}

cudaError_t Runtime::wait(Lock& lock, const Point& point) {
  if (!point.stream || point.stream.get() == current_stream) return cudaSuccess;
  Stream& stream = *point.stream;
  ++stream.waiters;
  stream.advanced.wait(lock, [&] { return is_exiting || stream.completed >= point.ticket; });
  --stream.waiters;
  return stream.completed >= point.ticket ? take_failure(stream) : cudaErrorCudartUnloading;
}

cudaError_t Runtime::take_failure(Stream& stream) { return current_stream ? cudaSuccess : std::exchange(stream.failure, cudaSuccess); }

bool Runtime::fail_work() {
  if (!current_stream) return false;
  Lock lock(mutex);
  current_stream->failure = cudaErrorLaunchFailure;
  return true;
}

cudaError_t Runtime::wait_for_all(Lock& lock) {
  std::vector<Point> points;
  if (legacy->is_busy()) points.push_back({legacy, legacy->submitted});
  for (const StreamRef& stream : streams) {
    if (stream->is_busy()) points.push_back({stream, stream->submitted});
  }
  for (const Point& point : points) {
    if (cudaError_t error = wait(lock, point)) return error;
  }
  if (cudaError_t error = take_failure(*legacy)) return error;
  for (const StreamRef& stream : streams) {
    if (cudaError_t error = take_failure(*stream)) return error;
  }
  return cudaSuccess;
}

cudaError_t Runtime::submit(Lock& lock, const StreamRef& stream, Work&& work) {
  if (is_exiting) return cudaErrorCudartUnloading;
  if (stream->capture) return append_to_capture(stream, std::move(work));
  if (cudaError_t error = refuse_legacy(stream)) return error;
  if (is_inside(stream)) {
    perform(lock, work);
    return cudaSuccess;
  }
  start_worker(stream);
  push_waits(stream);
  push(stream, std::move(work));
  return cudaSuccess;
}

cudaError_t Runtime::run_in_place(Lock& lock, const StreamRef& stream, Work&& work) {
  if (is_exiting) return cudaErrorCudartUnloading;
  if (cudaError_t error = refuse_legacy(stream)) return error;
  if (!is_inside(stream) && !is_idle(stream)) {
    std::vector<Point> points{{stream, stream->submitted}};
    if (stream->is_legacy) {
      for (const StreamRef& other : streams) {
        if (other->is_blocking && other->is_busy()) points.push_back({other, other->submitted});
      }
    } else if (stream->is_blocking) {
      points.push_back({legacy, legacy->submitted});
    }
    for (const Point& point : points) {
      if (cudaError_t error = wait(lock, point)) return error;
    }
  }
  if (cudaError_t error = take_failure(*stream)) return error;
  perform(lock, work);
  return cudaSuccess;
}

void Runtime::push(const StreamRef& stream, Work&& work) {
  stream->queue.push(std::move(work));
  ++stream->submitted;
  stream->arrived.notify_one();
}

void Runtime::push_waits(const StreamRef& stream) {
  auto push_wait = [&](const StreamRef& other) {
    Work work;
    work.kind = Work::Kind::kWait;
    work.ticket = other->submitted;
    work.owned = other;
    push(stream, std::move(work));
  };
  if (stream->is_legacy) {
    for (const StreamRef& other : streams) {
      if (other->is_blocking && other->is_busy()) push_wait(other);
    }
  } else if (stream->is_blocking && legacy->is_busy()) {
    push_wait(legacy);
  }
}

void Runtime::start_worker(const StreamRef& stream) {
  if (stream->has_worker) return;
  // Registered late, so that it runs before the program's own statics are destroyed.
  static const int registered = std::atexit([] { Runtime::get().stop(); });
  static_cast<void>(registered);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
  try {
    std::thread([this, stream] { work_on(stream); }).detach();
    stream->has_worker = true;
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Runtime::work_on(const StreamRef& stream) {
  pthread_setname_np(pthread_self(), "ingot-stream");
  current_stream = stream.get();
  Lock lock(mutex);
  while (true) {
    stream->arrived.wait(lock, [&] { return is_exiting || stream->is_released || !stream->queue.empty(); });
    if (is_exiting) return;
    if (stream->queue.empty()) break;
    Work work = stream->queue.pop();
    if (work.kind == Work::Kind::kWait) {
      wait(lock, {std::static_pointer_cast<Stream>(work.owned), work.ticket});
      if (is_exiting) return;
    } else {
      perform(lock, work);
    }
    ++stream->completed;
    if (stream->waiters) stream->advanced.notify_all();
  }
  streams.erase(std::remove(streams.begin(), streams.end(), stream), streams.end());
}

void Runtime::perform(Lock& lock, Work& work) {
  if (work.kind == Work::Kind::kRecord) {
    auto& event = *static_cast<Event*>(work.owned.get());
    if (event.recordings == work.ticket) event.time = Clock::now();
    return;
  }
  ++working;
  lock.unlock();
  run_unlocked(work);
  work.owned.reset();  // may call the program's destructors
  lock.lock();
  --working;
  if (is_exiting && working == 0) legacy->advanced.notify_all();
}

// At the program's exit: no more work is begun, and what is being done gets a second to end.
void Runtime::stop() {
  Lock lock(mutex);
  is_exiting = true;
  legacy->arrived.notify_all();
  legacy->advanced.notify_all();
  for (const StreamRef& stream : streams) {
    stream->arrived.notify_all();
    stream->advanced.notify_all();
  }
  // A host function may itself have called exit; its own work does not count.
  int own = current_stream ? 1 : 0;
  legacy->advanced.wait_for(lock, std::chrono::seconds(1), [&] { return working <= own; });
}

void Runtime::before_fork() {
  get().mutex.lock();
  Memory::get().mutex.lock();
}

void Runtime::after_fork_in_parent() {
  Memory::get().mutex.unlock();
  get().mutex.unlock();
}

// The child has the memory and the handles, but none of the threads: what was queued is the parent's to do.
void Runtime::after_fork_in_child() {
  Runtime& runtime = get();
  auto restart = [](Stream& stream) {
    stream.queue.abandon();
    stream.completed = stream.submitted;
    stream.has_worker = false;
    stream.waiters = 0;
    new (&stream.arrived) std::condition_variable;
    new (&stream.advanced) std::condition_variable;
  };
  restart(*runtime.legacy);
  for (const StreamRef& stream : runtime.streams) restart(*stream);
  auto& streams = runtime.streams;
  streams.erase(std::remove_if(streams.begin(), streams.end(), [](const StreamRef& stream) { return stream->is_released; }), streams.end());
  runtime.working = 0;
  current_stream = nullptr;
  Memory::get().mutex.unlock();
  runtime.mutex.unlock();
}

}  // namespace ingot::cudart
