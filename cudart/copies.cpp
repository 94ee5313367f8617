// Copies and fills.
#include "copies.h"

#include <cstdlib>

#include "memory.h"
#include "runtime.h"

using namespace ingot::cudart;

namespace {

// Up to here work is done in the calling thread where the stream is idle: that is quicker than waking the stream's thread.
constexpr size_t kSmallBytes = size_t{64} << 10;

// Bytes from the first to the last of `height` rows; false where that overflows.
bool span(size_t pitch, size_t width, size_t height, size_t* bytes) {
  size_t before = 0;
  return !__builtin_mul_overflow(pitch, height - 1, &before) && !__builtin_add_overflow(before, width, bytes);
}

// Whether the caller may change the copy's source once the call is over: memory of the program that the runtime does not know.
bool reads_pageable(const Work& work, cudaMemcpyKind kind) {
  return kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice && Memory::get().find(work.source).place == Place::kUnknown;
}

// Whether the caller may read the copy's target once the call is over: such memory, or any copy from host to host.
bool must_wait(const Work& work, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyHostToHost) return true;
  return (kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDefault) && Memory::get().find(work.target).place == Place::kUnknown;
}

cudaError_t run_now(cudaStream_t stream, Work&& work) {
  Runtime& runtime = Runtime::get();
  Lock lock(runtime.mutex);
  StreamRef state = runtime.find(stream);
  if (!state) return cudaErrorInvalidResourceHandle;
  if (cudaError_t error = runtime.refuse_waiting(state)) return error;
  return runtime.run_in_place(lock, state, std::move(work));
}

cudaError_t copy_now(const Work& work, cudaMemcpyKind kind, cudaStream_t stream) {
  if (work.width == 0 || work.height == 0) return cudaSuccess;
  if (cudaError_t error = check_copy(work, kind)) return error;
  return run_now(stream, Work(work));
}

cudaError_t copy_later(Work&& work, cudaMemcpyKind kind, cudaStream_t stream) {
  Runtime& runtime = Runtime::get();
  bool is_empty = work.width == 0 || work.height == 0;
  if (!is_empty) {
    if (cudaError_t error = check_copy(work, kind)) return error;
  }
  const bool reads = !is_empty && reads_pageable(work, kind), waits = !is_empty && must_wait(work, kind);
  const size_t bytes = work.width * work.height;
  Lock lock(runtime.mutex);
  StreamRef state = runtime.find(stream);
  if (!state) return cudaErrorInvalidResourceHandle;
  if (is_empty) return cudaSuccess;
  if (state->capture) return runtime.submit(lock, state, std::move(work));
  if (waits || (runtime.is_idle(state) && (reads || bytes <= kSmallBytes))) return runtime.run_in_place(lock, state, std::move(work));
  if (reads) {
    lock.unlock();
    std::shared_ptr<void> staged(std::malloc(bytes), std::free);
    if (!staged) return cudaErrorMemoryAllocation;
    Work stage = copy(staged.get(), work.width, work.source, work.source_pitch, work.width, work.height);
    run_unlocked(stage);
    work.source = staged.get();
    work.source_pitch = work.width;
    work.owned = std::move(staged);
    lock.lock();
  }
  return runtime.submit(lock, state, std::move(work));
}

cudaError_t fill_later(Work&& work, cudaStream_t stream) {
  bool is_empty = work.width == 0 || work.height == 0;
  if (!is_empty) {
    if (cudaError_t error = check_fill(work)) return error;
  }
  Runtime& runtime = Runtime::get();
  Lock lock(runtime.mutex);
  StreamRef state = runtime.find(stream);
  if (!state) return cudaErrorInvalidResourceHandle;
  if (is_empty) return cudaSuccess;
  if (!state->capture && work.width * work.height <= kSmallBytes && runtime.is_idle(state)) {
    return runtime.run_in_place(lock, state, std::move(work));
  }
  return runtime.submit(lock, state, std::move(work));
}

// Fills device memory in stream order, without waiting; the program may touch other memory right after the call.
cudaError_t fill_now(Work&& work, cudaStream_t stream) {
  if (work.width && work.height && Memory::get().find(work.target).place != Place::kDevice) {
    if (cudaError_t error = check_fill(work)) return error;
    return run_now(stream, std::move(work));
  }
  return fill_later(std::move(work), stream);
}

Work row(void* target, const void* source, size_t bytes) { return copy(target, bytes, source, bytes, bytes, 1); }
Work bytes_of(void* target, int value, size_t bytes) { return fill(target, bytes, value & 0xff, 1, bytes, 1); }

}  // namespace

namespace ingot::cudart {

cudaError_t check_copy(const Work& work, cudaMemcpyKind kind) {
  if (static_cast<unsigned>(kind) > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  if (!work.target || !work.source) return cudaErrorInvalidValue;
  if (work.width > work.target_pitch || work.width > work.source_pitch) {
    return work.height > 1 ? cudaErrorInvalidPitchValue : cudaErrorInvalidValue;
  }
  size_t target_bytes = 0, source_bytes = 0;
  if (!span(work.target_pitch, work.width, work.height, &target_bytes) ||
      !span(work.source_pitch, work.width, work.height, &source_bytes)) {
    return cudaErrorInvalidValue;
  }
  Memory& memory = Memory::get();
  if (!memory.holds(work.target, target_bytes) || !memory.holds(work.source, source_bytes)) return cudaErrorInvalidValue;
  // A kind that is the wrong way round shows where one side is device memory and the other, which should be, is not known.
  const Place target = memory.find(work.target).place, source = memory.find(work.source).place;
  const bool is_reversed = (kind == cudaMemcpyHostToDevice && source == Place::kDevice && target == Place::kUnknown) ||
                           (kind == cudaMemcpyDeviceToHost && target == Place::kDevice && source == Place::kUnknown);
  return is_reversed ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t check_fill(const Work& work) {
  size_t bytes = 0;
  if (!work.target) return cudaErrorInvalidValue;
  if (work.width > work.target_pitch) return cudaErrorInvalidValue;
  if (!span(work.target_pitch, work.width, work.height, &bytes)) return cudaErrorInvalidValue;
  return Memory::get().holds(work.target, bytes) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t memcpy_on(cudaStream_t stream, void* dst, const void* src, size_t count, cudaMemcpyKind kind) {
  return guarded([&] { return copy_now(row(dst, src, count), kind, stream); });
}
cudaError_t memcpy_2d_on(cudaStream_t stream, void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height,
                         cudaMemcpyKind kind) {
  return guarded([&] { return copy_now(copy(dst, dpitch, src, spitch, width, height), kind, stream); });
}
cudaError_t memset_on(cudaStream_t stream, void* devPtr, int value, size_t count) {
  return guarded([&] { return fill_now(bytes_of(devPtr, value, count), stream); });
}
cudaError_t memset_2d_on(cudaStream_t stream, void* devPtr, size_t pitch, int value, size_t width, size_t height) {
  return guarded([&] { return fill_now(fill(devPtr, pitch, value & 0xff, 1, width, height), stream); });
}

}  // namespace ingot::cudart

cudaError_t cudaMemcpy(void* dst, const void* src, size_t count, cudaMemcpyKind kind) { return memcpy_on(nullptr, dst, src, count, kind); }

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t count, cudaMemcpyKind kind, cudaStream_t stream) {
  return guarded([&] { return copy_later(row(dst, src, count), kind, stream); });
}

cudaError_t cudaMemcpy2D(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height, cudaMemcpyKind kind) {
  return memcpy_2d_on(nullptr, dst, dpitch, src, spitch, width, height, kind);
}

cudaError_t cudaMemcpy2DAsync(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
  return guarded([&] { return copy_later(copy(dst, dpitch, src, spitch, width, height), kind, stream); });
}

cudaError_t cudaMemcpyPeer(void* dst, int dstDevice, const void* src, int srcDevice, size_t count) {
  return guarded([&] {
    if (dstDevice != 0 || srcDevice != 0) return cudaErrorInvalidDevice;
    return copy_now(row(dst, src, count), cudaMemcpyDeviceToDevice, nullptr);
  });
}

cudaError_t cudaMemcpyPeerAsync(void* dst, int dstDevice, const void* src, int srcDevice, size_t count, cudaStream_t stream) {
  return guarded([&] {
    if (dstDevice != 0 || srcDevice != 0) return cudaErrorInvalidDevice;
    return copy_later(row(dst, src, count), cudaMemcpyDeviceToDevice, stream);
  });
}

cudaError_t cudaMemset(void* devPtr, int value, size_t count) { return memset_on(nullptr, devPtr, value, count); }

cudaError_t cudaMemsetAsync(void* devPtr, int value, size_t count, cudaStream_t stream) {
  return guarded([&] { return fill_later(bytes_of(devPtr, value, count), stream); });
}

cudaError_t cudaMemset2D(void* devPtr, size_t pitch, int value, size_t width, size_t height) {
  return memset_2d_on(nullptr, devPtr, pitch, value, width, height);
}

cudaError_t cudaMemset2DAsync(void* devPtr, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream) {
  return guarded([&] { return fill_later(fill(devPtr, pitch, value & 0xff, 1, width, height), stream); });
}
