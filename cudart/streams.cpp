// Streams, host functions, and waiting for them.
#include "capture.h"
#include "runtime.h"

using namespace ingot::cudart;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* pStream, unsigned int flags) {
  return guarded([&] {
    if (!pStream || (flags & ~unsigned{cudaStreamNonBlocking})) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef stream = runtime.create(!(flags & cudaStreamNonBlocking));
    runtime.stream_handles[stream.get()] = stream;
    *pStream = reinterpret_cast<cudaStream_t>(stream.get());
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreate(cudaStream_t* pStream) { return cudaStreamCreateWithFlags(pStream, cudaStreamDefault); }

// All streams have one priority; any number is taken as the nearest one there is.
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* pStream, unsigned int flags, int) {
  return cudaStreamCreateWithFlags(pStream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return guarded([&] {
    std::shared_ptr<Capture> capture;  // dropped after the lock
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    auto found = runtime.stream_handles.find(stream);
    if (found == runtime.stream_handles.end()) return cudaErrorInvalidResourceHandle;
    StreamRef state = found->second;
    capture = state->capture;
    if (capture) capture->is_invalid = true;
    if (capture && capture->origin == state.get()) runtime.end(*capture);
    runtime.stream_handles.erase(found);
    runtime.release(state);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (cudaError_t error = runtime.refuse_waiting(state)) return error;
    if (runtime.is_inside(state)) return cudaSuccess;
    return runtime.wait(lock, {state, state->submitted});
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (cudaError_t error = runtime.refuse_waiting(state)) return error;
    return state->is_busy() && !runtime.is_inside(state) ? cudaErrorNotReady : runtime.take_failure(*state);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) {
  return guarded([&] {
    if (flags != cudaEventWaitDefault) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    EventRef awaited = runtime.find(event);
    if (!state || !awaited) return cudaErrorInvalidResourceHandle;
    if (state->capture || awaited->is_captured) return wait_in_capture(state, awaited);
    const Point& point = awaited->last;
    if (!point.stream || point.stream == state || point.stream->completed >= point.ticket) return cudaSuccess;
    if (runtime.is_inside(state)) return runtime.wait(lock, Point(point));
    Work work;
    work.kind = Work::Kind::kWait;
    work.ticket = point.ticket;
    work.owned = point.stream;
    return runtime.submit(lock, state, std::move(work));
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t fn, void* userData) {
  return guarded([&] {
    if (!fn) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    return runtime.submit(lock, state, host_function(fn, userData));
  });
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* userData, unsigned int flags) {
  return guarded([&] {
    if (!callback || flags != 0) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (cudaError_t error = runtime.refuse_waiting(state)) return error;
    Work work;
    work.kind = Work::Kind::kCallback;
    work.callback = callback;
    work.handle = stream;
    work.user_data = userData;
    return runtime.submit(lock, state, std::move(work));
  });
}

cudaError_t cudaStreamGetFlags(cudaStream_t hStream, unsigned int* flags) {
  return guarded([&] {
    if (!flags) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(hStream);
    if (!state) return cudaErrorInvalidResourceHandle;
    *flags = state->is_blocking ? cudaStreamDefault : cudaStreamNonBlocking;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t hStream, int* priority) {
  return guarded([&] {
    if (!priority) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    if (!runtime.find(hStream)) return cudaErrorInvalidResourceHandle;
    *priority = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetId(cudaStream_t hStream, unsigned long long* streamId) {
  return guarded([&] {
    if (!streamId) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(hStream);
    if (!state) return cudaErrorInvalidResourceHandle;
    *streamId = state->id;
    return cudaSuccess;
  });
}

// Every stream sees all memory.
cudaError_t cudaStreamAttachMemAsync(cudaStream_t stream, void* devPtr, size_t, unsigned int) {
  return guarded([&] {
    if (!devPtr) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    return runtime.find(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    if (!runtime.captures.empty()) {
      for (const auto& capture : runtime.captures) capture->is_invalid = true;
      return cudaErrorStreamCaptureUnsupported;
    }
    // Inside of a stream's work, waiting for the others could be waiting for oneself.
    return runtime.is_inside(runtime.legacy) ? cudaSuccess : runtime.wait_for_all(lock);
  });
}

cudaError_t cudaThreadSynchronize() { return cudaDeviceSynchronize(); }

int ingotCudartFailWork() { return Runtime::get().fail_work() ? 0 : 1; }
