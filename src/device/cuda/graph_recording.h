// Work that is kept as a CUDA graph. Where the graph is a plain chain, its parts are exchanged by giving their nodes other parameters.
#pragma once

#include <memory>
#include <vector>

#include "device/cuda/cuda_device.h"
#include "device/recording_parts.h"

namespace ingot::cuda {

class GraphRecording final : public PatchableRecording {
 public:
  explicit GraphRecording(CudaDevice& device) : device_(device) {}
  ~GraphRecording() override;
  GraphRecording(const GraphRecording&) = delete;
  GraphRecording& operator=(const GraphRecording&) = delete;

  // Keeps what `run` puts on its stream, in place of what was kept before.
  Status record(const std::function<Status(Stream)>& run);
  Status patch(size_t part, const std::function<Status(Stream)>& run) override;
  Status replay(Stream stream);

 private:
  struct Captured;
  Result<Captured> capture(const std::function<Status(Stream)>& run);
  void drop();

  CudaDevice& device_;
  CuStream stream_ = nullptr;  // that is captured
  CuGraph graph_ = nullptr;    // which `exec_` was made of, and whose nodes name the nodes of `exec_`
  CuGraphExec exec_ = nullptr;
  std::vector<CuGraphNode> nodes_;  // of the chain, in order; empty where it is none
  std::vector<size_t> parts_;       // the place of each part's first node; empty where parts are not known
};

}  // namespace ingot::cuda
