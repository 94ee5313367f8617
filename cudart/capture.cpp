// Stream capture: what is queued on a capturing stream becomes nodes of a graph. A stream that waits for an event of the capture joins it.
#include "capture.h"

#include <algorithm>

using namespace ingot::cudart;

namespace ingot::cudart {

bool Capture::is_joined() const {
  const auto& reached = branches.at(origin).seen;
  return std::all_of(branches.begin(), branches.end(), [&](const auto& entry) {
    auto own = entry.second.seen.find(entry.first);
    if (own == entry.second.seen.end()) return true;
    auto joined = reached.find(entry.first);
    return joined != reached.end() && joined->second >= own->second;
  });
}

bool Runtime::has_blocking_capture() const {
  return std::any_of(captures.begin(), captures.end(), [](const auto& capture) { return capture->origin->is_blocking; });
}

cudaError_t Runtime::refuse_legacy(const StreamRef& stream) {
  if (!stream->is_legacy || !has_blocking_capture()) return cudaSuccess;
  for (const auto& capture : captures) capture->is_invalid |= capture->origin->is_blocking;
  return cudaErrorStreamCaptureImplicit;
}

cudaError_t Runtime::refuse_waiting(const StreamRef& stream) {
  if (!stream->capture) return refuse_legacy(stream);
  stream->capture->is_invalid = true;
  return cudaErrorStreamCaptureUnsupported;
}

void Runtime::end(Capture& capture) {
  for (auto& entry : capture.branches) entry.second.stream->capture.reset();
  captures.erase(std::remove_if(captures.begin(), captures.end(), [&](const auto& other) { return other.get() == &capture; }),
                 captures.end());
}

cudaError_t append_to_capture(const StreamRef& stream, Work&& work) {
  Capture& capture = *stream->capture;
  if (capture.is_invalid) return cudaErrorStreamCaptureInvalidated;
  cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
  switch (work.kind) {
    case Work::Kind::kHostFunction: type = cudaGraphNodeTypeHost; break;
    case Work::Kind::kCopy: type = cudaGraphNodeTypeMemcpy; break;
    case Work::Kind::kFill: type = cudaGraphNodeTypeMemset; break;
    case Work::Kind::kGraph: type = cudaGraphNodeTypeGraph; break;
    case Work::Kind::kNothing: break;
    case Work::Kind::kCallback:
    case Work::Kind::kFree:
    case Work::Kind::kRecord:
    case Work::Kind::kWait: capture.is_invalid = true; return cudaErrorStreamCaptureUnsupported;
  }
  Capture::Branch& branch = capture.branches[stream.get()];
  branch.last = reinterpret_cast<cudaGraphNode_t>(capture.graph->add(std::move(work), type));
  ++branch.seen[stream.get()];
  return cudaSuccess;
}

cudaError_t record_in_capture(const StreamRef& stream, Event& event) {
  if (stream->capture->is_invalid) return cudaErrorStreamCaptureInvalidated;
  event.seen = stream->capture->branches[stream.get()].seen;
  event.capture = stream->capture;
  event.is_captured = true;
  ++event.recordings;  // an earlier recording that is still queued no longer counts
  event.last = {};
  return cudaSuccess;
}

cudaError_t refuse_captured(const Event& event) {
  std::shared_ptr<Capture> capture = event.capture.lock();
  const auto& active = Runtime::get().captures;
  if (std::find(active.begin(), active.end(), capture) == active.end() || capture->is_invalid) return cudaErrorInvalidValue;
  capture->is_invalid = true;
  return cudaErrorCapturedEvent;
}

cudaError_t wait_in_capture(const StreamRef& stream, const EventRef& event) {
  if (!event->is_captured) {
    if (!event->is_recorded) return cudaSuccess;
    stream->capture->is_invalid = true;
    return cudaErrorStreamCaptureIsolation;
  }
  std::shared_ptr<Capture> capture = event->capture.lock();
  Runtime& runtime = Runtime::get();
  bool is_active = std::find(runtime.captures.begin(), runtime.captures.end(), capture) != runtime.captures.end();
  if (!is_active || capture->is_invalid) return cudaErrorInvalidValue;
  if (stream->capture && stream->capture != capture) {
    stream->capture->is_invalid = capture->is_invalid = true;
    return cudaErrorStreamCaptureMerge;
  }
  if (stream->is_legacy) {
    capture->is_invalid = true;
    return cudaErrorStreamCaptureImplicit;
  }
  Capture::Branch& branch = capture->branches[stream.get()];
  branch.stream = stream;
  stream->capture = capture;
  for (const auto& [other, count] : event->seen) branch.seen[other] = std::max(branch.seen[other], count);
  return cudaSuccess;
}

}  // namespace ingot::cudart

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return guarded([&] {
    static unsigned long long next_id = 1;
    if (static_cast<unsigned>(mode) > cudaStreamCaptureModeRelaxed) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (state->is_legacy) return cudaErrorStreamCaptureUnsupported;
    if (state->capture) return cudaErrorIllegalState;
    auto capture = std::make_shared<Capture>();
    capture->id = next_id++;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->origin = state.get();
    capture->graph = std::make_shared<Graph>();
    capture->branches[state.get()].stream = state;
    runtime.captures.push_back(capture);
    graph_handles()[capture->graph.get()] = capture->graph;
    state->capture = capture;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* pGraph) {
  return guarded([&] {
    std::shared_ptr<Capture> capture;  // dropped after the lock
    if (!pGraph) return cudaErrorInvalidValue;
    *pGraph = nullptr;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    capture = state->capture;
    if (!capture) return cudaErrorIllegalState;
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
      return cudaErrorStreamCaptureWrongThread;
    }
    if (capture->origin != state.get()) {
      capture->is_invalid = true;
      return cudaErrorStreamCaptureUnmatched;
    }
    cudaError_t error = capture->is_invalid    ? cudaErrorStreamCaptureInvalidated
                        : capture->is_joined() ? cudaSuccess
                                               : cudaErrorStreamCaptureUnjoined;
    runtime.end(*capture);
    if (error) {
      graph_handles().erase(capture->graph.get());
      return error;
    }
    *pGraph = reinterpret_cast<cudaGraph_t>(capture->graph.get());
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, cudaStreamCaptureStatus* captureStatus_out, unsigned long long* id_out,
                                        cudaGraph_t* graph_out, const cudaGraphNode_t** dependencies_out, size_t* numDependencies_out) {
  return guarded([&] {
    if (!captureStatus_out) return cudaErrorInvalidValue;
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    if (state->is_legacy && runtime.has_blocking_capture()) return cudaErrorStreamCaptureImplicit;
    Capture* capture = state->capture.get();
    *captureStatus_out = !capture              ? cudaStreamCaptureStatusNone
                         : capture->is_invalid ? cudaStreamCaptureStatusInvalidated
                                               : cudaStreamCaptureStatusActive;
    if (!capture || capture->is_invalid) return cudaSuccess;
    const Capture::Branch& branch = capture->branches[state.get()];
    if (id_out) *id_out = capture->id;
    if (graph_out) *graph_out = reinterpret_cast<cudaGraph_t>(capture->graph.get());
    if (dependencies_out) *dependencies_out = branch.last ? &branch.last : nullptr;
    if (numDependencies_out) *numDependencies_out = branch.last ? 1 : 0;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* pCaptureStatus) {
  return cudaStreamGetCaptureInfo_v2(stream, pCaptureStatus, nullptr, nullptr, nullptr, nullptr);
}

// No call here is unsafe during a capture, so the mode is only kept for the program to read back.
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return guarded([&] {
    thread_local cudaStreamCaptureMode current = cudaStreamCaptureModeGlobal;
    if (!mode || static_cast<unsigned>(*mode) > cudaStreamCaptureModeRelaxed) return cudaErrorInvalidValue;
    std::swap(current, *mode);
    return cudaSuccess;
  });
}
