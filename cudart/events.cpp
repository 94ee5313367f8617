// Events: marks in a stream's order, with the time when the stream came to them.
#include "capture.h"
#include "runtime.h"

using namespace ingot::cudart;

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return guarded([&] {
    constexpr unsigned kKnown = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    if (!event || (flags & ~kKnown)) return cudaErrorInvalidValue;
    if (flags & cudaEventInterprocess) return flags & cudaEventDisableTiming ? cudaErrorNotSupported : cudaErrorInvalidValue;
    auto state = std::make_shared<Event>();
    state->flags = flags;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    runtime.event_handles[state.get()] = state;
    *event = reinterpret_cast<cudaEvent_t>(state.get());
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int flags) {
  return guarded([&] {
    if (flags != cudaEventRecordDefault) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    EventRef mark = runtime.find(event);
    if (!state || !mark) return cudaErrorInvalidResourceHandle;
    if (state->capture) return record_in_capture(state, *mark);
    if (cudaError_t error = runtime.refuse_legacy(state)) return error;
    mark->is_captured = false;
    ++mark->recordings;
    mark->is_recorded = true;
    if (runtime.is_inside(state) || runtime.is_idle(state)) {
      mark->time = Clock::now();
      // Who waits for the event is told that the stream's work failed.
      mark->last = state->failure == cudaSuccess ? Point{} : Point{state, state->completed};
      return cudaSuccess;
    }
    Work work;
    work.kind = Work::Kind::kRecord;
    work.ticket = mark->recordings;
    work.owned = mark;
    if (cudaError_t error = runtime.submit(lock, state, std::move(work))) return error;
    mark->last = {state, state->submitted};
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    EventRef mark = runtime.find(event);
    if (!mark) return cudaErrorInvalidResourceHandle;
    if (mark->is_captured) return refuse_captured(*mark);
    return mark->last.stream && mark->last.stream->completed < mark->last.ticket ? cudaErrorNotReady : cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    EventRef mark = runtime.find(event);
    if (!mark) return cudaErrorInvalidResourceHandle;
    if (mark->is_captured) return refuse_captured(*mark);
    return runtime.wait(lock, Point(mark->last));
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    return runtime.event_handles.erase(event) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  return guarded([&] {
    if (!ms) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    EventRef marks[2] = {runtime.find(start), runtime.find(end)};
    for (const EventRef& mark : marks) {
      if (!mark || !mark->is_recorded || (mark->flags & cudaEventDisableTiming)) return cudaErrorInvalidResourceHandle;
      if (mark->is_captured) return cudaErrorInvalidValue;
    }
    for (const EventRef& mark : marks) {
      if (mark->last.stream && mark->last.stream->completed < mark->last.ticket) return cudaErrorNotReady;
    }
    *ms = std::chrono::duration<float, std::milli>(marks[1]->time - marks[0]->time).count();
    return cudaSuccess;
  });
}
