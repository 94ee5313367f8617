#include "device/cuda/graph_recording.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "device/cuda/graph_memsets.h"
#include "device/cuda/library.h"

namespace ingot::cuda {
namespace {

constexpr int kGraphKernel = 0, kGraphCopy = 1;  // kinds of nodes

// A copy of a node, whose fields nobody here reads.
struct CopyNodeParameters {
  uint64_t words[32];
};

// The calls that patching takes; older drivers lack some.
struct PatchCalls {
  CuResult (*capture_info)(CuStream stream, int* status, uint64_t* id, CuGraph* graph, const CuGraphNode** last, size_t* count);
  CuResult (*node_kernel)(CuGraphNode node, KernelNodeParameters* parameters);
  CuResult (*node_copy)(CuGraphNode node, CopyNodeParameters* parameters);
  CuResult (*set_kernel)(CuGraphExec exec, CuGraphNode node, const KernelNodeParameters* parameters);
  CuResult (*set_copy)(CuGraphExec exec, CuGraphNode node, const CopyNodeParameters* parameters, CuContext context);
  CuResult (*set_memset)(CuGraphExec exec, CuGraphNode node, const MemsetNodeParameters* parameters, CuContext context);
  bool all = false;
};

const PatchCalls& patch_calls(const Driver& driver) {
  static const PatchCalls calls = [&] {
    PatchCalls found{};
    const auto library = SharedLibrary::open({"libcuda.so.1", "libcuda.so"}, {});
    found.all = library.ok() && driver.graph_nodes && library->load(found.capture_info, "cuStreamGetCaptureInfo_v2") &&
                library->load(found.node_kernel, "cuGraphKernelNodeGetParams_v2") &&
                library->load(found.node_copy, "cuGraphMemcpyNodeGetParams") &&
                library->load(found.set_kernel, "cuGraphExecKernelNodeSetParams_v2") &&
                library->load(found.set_copy, "cuGraphExecMemcpyNodeSetParams") &&
                library->load(found.set_memset, "cuGraphExecMemsetNodeSetParams");
    return found;
  }();
  return calls;
}

#define PATCH_TRY(driver, call, ...)                                                                  \
  do {                                                                                                \
    if (const int code_ = patch_calls(driver).call(__VA_ARGS__)) return (driver).error(#call, code_); \
  } while (0)

// The nodes of a graph in which each follows one other; nothing for other graphs, and where the driver does not tell.
std::optional<std::vector<CuGraphNode>> chain_of(const Driver& driver, CuGraph graph) {
  size_t count = 0;
  if (!driver.graph_nodes || driver.graph_nodes(graph, nullptr, &count) != 0) return std::nullopt;
  std::vector<CuGraphNode> nodes(count), chain;
  if (count == 0) return chain;
  if (driver.graph_nodes(graph, nodes.data(), &count) != 0) return std::nullopt;
  for (CuGraphNode node : nodes) {
    size_t before = 0;
    if (driver.node_dependencies(node, nullptr, &before) != 0 || before > 1) return std::nullopt;
    if (before == 0) chain.push_back(node);
  }
  if (chain.size() != 1) return std::nullopt;
  while (chain.size() < count) {
    size_t behind = 0;
    if (driver.node_dependents(chain.back(), nullptr, &behind) != 0 || behind != 1) return std::nullopt;
    CuGraphNode next = nullptr;
    if (driver.node_dependents(chain.back(), &next, &behind) != 0) return std::nullopt;
    chain.push_back(next);
  }
  return chain;
}

}  // namespace

// One capture: its graph, and where its parts begin if it is a chain.
struct GraphRecording::Captured {
  const Driver* driver = nullptr;
  CuGraph graph = nullptr;
  std::vector<CuGraphNode> nodes;
  std::vector<size_t> parts;

  Captured() = default;
  Captured(Captured&& other) noexcept
      : driver(other.driver), graph(std::exchange(other.graph, nullptr)), nodes(std::move(other.nodes)), parts(std::move(other.parts)) {}
  Captured& operator=(Captured&&) = delete;
  ~Captured() {
    if (graph) driver->graph_destroy(graph);
  }
};

GraphRecording::~GraphRecording() {
  drop();
  if (stream_) device_.driver().stream_destroy(stream_);
}

void GraphRecording::drop() {
  if (exec_) device_.driver().graph_exec_destroy(exec_);  // what of it still runs comes to its end
  if (graph_) device_.driver().graph_destroy(graph_);
  exec_ = nullptr;
  graph_ = nullptr;
  nodes_.clear();
  parts_.clear();
}

Result<GraphRecording::Captured> GraphRecording::capture(const std::function<Status(Stream)>& run) {
  const Driver& driver = device_.driver();
  const PatchCalls& calls = patch_calls(driver);
  if (!stream_) CUDA_TRY(driver, stream_create, &stream_, kStreamNonBlocking);
  // The node that comes before each part, or null.
  std::vector<CuGraphNode> before;
  bool has_parts = calls.all;
  CUDA_TRY(driver, stream_begin_capture, stream_, kCaptureRelaxed);
  const Status status = [&] {
    const Marks marks([&] {
      int state = 0;
      CuGraph graph = nullptr;
      const CuGraphNode* last = nullptr;
      size_t count = 0;
      has_parts = has_parts && calls.capture_info(stream_, &state, nullptr, &graph, &last, &count) == 0 && count <= 1;
      before.push_back(has_parts && count == 1 ? last[0] : nullptr);
    });
    return run({stream_});
  }();
  Captured made;
  made.driver = &driver;
  const int code = driver.stream_end_capture(stream_, &made.graph);
  TRY(status);
  if (code) return driver.error("stream_end_capture", code);
  // Before nodes are replaced, which keeps their places.
  if (const auto chain = has_parts ? chain_of(driver, made.graph) : std::nullopt) {
    size_t at = 0;
    for (CuGraphNode node : before) {
      if (node) at = static_cast<size_t>(std::find(chain->begin(), chain->end(), node) - chain->begin()) + 1;
      made.parts.push_back(at);
    }
  }
  TRY(replace_memsets(device_, made.graph));
  if (auto chain = has_parts ? chain_of(driver, made.graph) : std::nullopt)
    made.nodes = std::move(*chain);
  else
    made.parts.clear();
  return made;
}

Status GraphRecording::record(const std::function<Status(Stream)>& run) {
  const Driver& driver = device_.driver();
  TRY(device_.make_current());
  TRY_ASSIGN(Captured made, capture(run));
  GraphUpdateResult told{};
  // A graph of the same kernels takes the new addresses as they are. The nodes keep the names that they were made with.
  if (exec_ && driver.graph_update(exec_, made.graph, &told) == 0) {
    parts_ = made.nodes.size() == nodes_.size() ? std::move(made.parts) : std::vector<size_t>{};
    return Ok{};
  }
  drop();
  CUDA_TRY(driver, graph_instantiate, &exec_, made.graph, 0);
  graph_ = std::exchange(made.graph, nullptr);
  nodes_ = std::move(made.nodes);
  parts_ = std::move(made.parts);
  return Ok{};
}

Status GraphRecording::patch(size_t part, const std::function<Status(Stream)>& run) {
  const Driver& driver = device_.driver();
  REQUIRES(exec_ && part < parts_.size(), "the recording's part " + std::to_string(part) + " is not known by its nodes");
  TRY(device_.make_current());
  TRY_ASSIGN(const Captured made, capture(run));
  const size_t begin = parts_[part], end = part + 1 < parts_.size() ? parts_[part + 1] : nodes_.size();
  REQUIRES(made.nodes.size() == end - begin, "part " + std::to_string(part) + " has other nodes than before");
  CuContext context = nullptr;
  CUDA_TRY(driver, context_get, &context);
  for (size_t i = 0; i < made.nodes.size(); ++i) {
    CuGraphNode from = made.nodes[i], to = nodes_[begin + i];
    int type = 0, old = 0;
    CUDA_TRY(driver, node_type, from, &type);
    CUDA_TRY(driver, node_type, to, &old);
    REQUIRES(type == old, "part " + std::to_string(part) + " has nodes of other kinds than before");
    if (type == kGraphKernel) {
      KernelNodeParameters kernel{};
      PATCH_TRY(driver, node_kernel, from, &kernel);
      PATCH_TRY(driver, set_kernel, exec_, to, &kernel);
    } else if (type == kGraphCopy) {
      CopyNodeParameters copy{};
      PATCH_TRY(driver, node_copy, from, &copy);
      PATCH_TRY(driver, set_copy, exec_, to, &copy, context);
    } else if (type == kGraphMemset) {
      MemsetNodeParameters memset{};
      CUDA_TRY(driver, node_memset, from, &memset);
      PATCH_TRY(driver, set_memset, exec_, to, &memset, context);
    } else {
      return unsupported("nodes of kind " + std::to_string(type) + " are not patched");
    }
  }
  return Ok{};
}

Status GraphRecording::replay(Stream stream) {
  CUDA_TRY(device_.driver(), graph_launch, exec_, static_cast<CuStream>(stream.handle));
  return Ok{};
}

}  // namespace ingot::cuda
