// Graphs: built node by node or captured, made ready, launched on a stream.
#include <algorithm>

#include "capture.h"
#include "copies.h"
#include "runtime.h"

using namespace ingot::cudart;

namespace ingot::cudart {

std::unordered_map<const void*, std::shared_ptr<Graph>>& graph_handles() {
  static auto* handles = new std::unordered_map<const void*, std::shared_ptr<Graph>>;
  return *handles;
}

Node* Graph::add(Work&& work, cudaGraphNodeType type) {
  nodes.push_back(std::make_unique<Node>(Node{std::move(work), type}));
  return nodes.back().get();
}

std::shared_ptr<Program> program_of(const Graph& graph) {
  auto program = std::make_shared<Program>();
  for (const auto& node : graph.nodes) {
    program->steps.push_back(node->work);
    program->types.push_back(node->type);
  }
  for (const auto& [handle, held] : graph.objects) program->objects.push_back(held.object);
  return program;
}

void run_program(const Program& program) {
  for (const Work& step : program.steps) run_unlocked(step);
}

}  // namespace ingot::cudart

namespace {

struct Executable {
  std::shared_ptr<Program> program;
};

struct ObjectHandle {
  std::shared_ptr<UserObject> object;
  unsigned count = 0;  // the program's own references
};

std::unordered_map<const void*, std::shared_ptr<Executable>>& executables() {
  static auto* handles = new std::unordered_map<const void*, std::shared_ptr<Executable>>;
  return *handles;
}

std::unordered_map<const void*, ObjectHandle>& objects() {
  static auto* handles = new std::unordered_map<const void*, ObjectHandle>;
  return *handles;
}

std::shared_ptr<Graph> find_graph(cudaGraph_t graph) {
  auto found = graph_handles().find(graph);
  return found == graph_handles().end() ? nullptr : found->second;
}

// Adds a node after checking that those it depends on are the graph's.
cudaError_t add_node(cudaGraphNode_t* result, cudaGraph_t graph, const cudaGraphNode_t* dependencies, size_t count, Work&& work,
                     cudaGraphNodeType type) {
  if (!result || (count && !dependencies)) return cudaErrorInvalidValue;
  Lock lock(Runtime::get().mutex);
  std::shared_ptr<Graph> target = find_graph(graph);
  if (!target) return cudaErrorInvalidValue;
  for (size_t i = 0; i < count; ++i) {
    auto is_it = [&](const auto& node) { return reinterpret_cast<cudaGraphNode_t>(node.get()) == dependencies[i]; };
    if (std::none_of(target->nodes.begin(), target->nodes.end(), is_it)) return cudaErrorInvalidValue;
  }
  *result = reinterpret_cast<cudaGraphNode_t>(target->add(std::move(work), type));
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaGraphCreate(cudaGraph_t* pGraph, unsigned int flags) {
  return guarded([&] {
    if (!pGraph || flags != 0) return cudaErrorInvalidValue;
    auto graph = std::make_shared<Graph>();
    Lock lock(Runtime::get().mutex);
    graph_handles()[graph.get()] = graph;
    *pGraph = reinterpret_cast<cudaGraph_t>(graph.get());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphClone(cudaGraph_t* pGraphClone, cudaGraph_t originalGraph) {
  return guarded([&] {
    if (!pGraphClone) return cudaErrorInvalidValue;
    auto clone = std::make_shared<Graph>();
    Lock lock(Runtime::get().mutex);
    std::shared_ptr<Graph> original = find_graph(originalGraph);
    if (!original) return cudaErrorInvalidValue;
    for (const auto& node : original->nodes) clone->add(Work(node->work), node->type);
    clone->objects = original->objects;
    graph_handles()[clone.get()] = clone;
    *pGraphClone = reinterpret_cast<cudaGraph_t>(clone.get());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return guarded([&] {
    std::shared_ptr<Graph> dropped;  // after the lock
    Lock lock(Runtime::get().mutex);
    dropped = find_graph(graph);
    if (!dropped) return cudaErrorInvalidValue;
    graph_handles().erase(graph);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                 size_t numDependencies, const cudaHostNodeParams* pNodeParams) {
  return guarded([&] {
    if (!pNodeParams || !pNodeParams->fn) return cudaErrorInvalidValue;
    return add_node(pGraphNode, graph, pDependencies, numDependencies, host_function(pNodeParams->fn, pNodeParams->userData),
                    cudaGraphNodeTypeHost);
  });
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                     size_t numDependencies, void* dst, const void* src, size_t count, cudaMemcpyKind kind) {
  return guarded([&] {
    Work work = copy(dst, count, src, count, count, 1);
    if (count) {
      if (cudaError_t error = check_copy(work, kind)) return error;
    }
    return add_node(pGraphNode, graph, pDependencies, numDependencies, std::move(work), cudaGraphNodeTypeMemcpy);
  });
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                   size_t numDependencies, const cudaMemsetParams* pMemsetParams) {
  return guarded([&] {
    if (!pMemsetParams) return cudaErrorInvalidValue;
    const cudaMemsetParams& set = *pMemsetParams;
    if ((set.elementSize != 1 && set.elementSize != 2 && set.elementSize != 4) || set.width == 0 || set.height == 0) {
      return cudaErrorInvalidValue;
    }
    size_t row_bytes = 0;
    if (__builtin_mul_overflow(set.width, size_t{set.elementSize}, &row_bytes)) return cudaErrorInvalidValue;
    const size_t pitch = set.height == 1 ? row_bytes : set.pitch;  // one row has none
    Work work = fill(set.dst, pitch, set.value, static_cast<uint8_t>(set.elementSize), row_bytes, set.height);
    if (cudaError_t error = check_fill(work)) return error;
    return add_node(pGraphNode, graph, pDependencies, numDependencies, std::move(work), cudaGraphNodeTypeMemset);
  });
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                  size_t numDependencies) {
  return guarded([&] { return add_node(pGraphNode, graph, pDependencies, numDependencies, Work{}, cudaGraphNodeTypeEmpty); });
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                       size_t numDependencies, cudaGraph_t childGraph) {
  return guarded([&] {
    std::shared_ptr<Program> program;
    {
      Lock lock(Runtime::get().mutex);
      std::shared_ptr<Graph> child = find_graph(childGraph);
      if (!child) return cudaErrorInvalidValue;
      program = program_of(*child);
    }
    return add_node(pGraphNode, graph, pDependencies, numDependencies, ingot::cudart::graph(std::move(program)), cudaGraphNodeTypeGraph);
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* numNodes) {
  return guarded([&] {
    if (!numNodes) return cudaErrorInvalidValue;
    Lock lock(Runtime::get().mutex);
    std::shared_ptr<Graph> source = find_graph(graph);
    if (!source) return cudaErrorInvalidValue;
    if (!nodes) {
      *numNodes = source->nodes.size();
      return cudaSuccess;
    }
    for (size_t i = 0; i < *numNodes; ++i) {
      nodes[i] = i < source->nodes.size() ? reinterpret_cast<cudaGraphNode_t>(source->nodes[i].get()) : nullptr;
    }
    *numNodes = std::min(*numNodes, source->nodes.size());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* pType) {
  return guarded([&] {
    if (!pType) return cudaErrorInvalidValue;
    Lock lock(Runtime::get().mutex);
    for (const auto& entry : graph_handles()) {
      for (const auto& candidate : entry.second->nodes) {
        if (reinterpret_cast<cudaGraphNode_t>(candidate.get()) != node) continue;
        *pType = candidate->type;
        return cudaSuccess;
      }
    }
    return cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* pGraphExec, cudaGraph_t graph, unsigned long long flags) {
  return guarded([&] {
    if (!pGraphExec || flags > 15) return cudaErrorInvalidValue;
    if (flags & cudaGraphInstantiateFlagDeviceLaunch) return cudaErrorNotSupported;
    auto executable = std::make_shared<Executable>();
    Lock lock(Runtime::get().mutex);
    std::shared_ptr<Graph> source = find_graph(graph);
    if (!source) return cudaErrorInvalidValue;
    executable->program = program_of(*source);
    executables()[executable.get()] = executable;
    *pGraphExec = reinterpret_cast<cudaGraphExec_t>(executable.get());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* pGraphExec, cudaGraph_t graph, unsigned long long flags) {
  return cudaGraphInstantiate(pGraphExec, graph, flags);
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t hGraphExec, cudaGraph_t hGraph, cudaGraphExecUpdateResultInfo* resultInfo) {
  return guarded([&] {
    if (!resultInfo) return cudaErrorInvalidValue;
    *resultInfo = {cudaGraphExecUpdateError, nullptr, nullptr};
    std::shared_ptr<Program> former;  // dropped after the lock
    Lock lock(Runtime::get().mutex);
    auto found = executables().find(hGraphExec);
    std::shared_ptr<Graph> source = find_graph(hGraph);
    if (found == executables().end() || !source) return cudaErrorInvalidValue;
    std::shared_ptr<Program> program = program_of(*source);
    former = found->second->program;
    if (program->types.size() != former->types.size()) {
      resultInfo->result = cudaGraphExecUpdateErrorTopologyChanged;
      return cudaErrorGraphExecUpdateFailure;
    }
    auto differing = std::mismatch(program->types.begin(), program->types.end(), former->types.begin());
    if (differing.first != program->types.end()) {
      resultInfo->result = cudaGraphExecUpdateErrorNodeTypeChanged;
      resultInfo->errorNode = reinterpret_cast<cudaGraphNode_t>(source->nodes[differing.first - program->types.begin()].get());
      return cudaErrorGraphExecUpdateFailure;
    }
    found->second->program = std::move(program);
    resultInfo->result = cudaGraphExecUpdateSuccess;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t graphExec, cudaStream_t stream) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    if (!executables().count(graphExec)) return cudaErrorInvalidValue;
    return runtime.find(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream) {
  return guarded([&] {
    Runtime& runtime = Runtime::get();
    Lock lock(runtime.mutex);
    auto found = executables().find(graphExec);
    if (found == executables().end()) return cudaErrorInvalidValue;
    StreamRef state = runtime.find(stream);
    if (!state) return cudaErrorInvalidResourceHandle;
    return runtime.submit(lock, state, graph(found->second->program));
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec) {
  return guarded([&] {
    std::shared_ptr<Executable> dropped;  // after the lock
    Lock lock(Runtime::get().mutex);
    auto found = executables().find(graphExec);
    if (found == executables().end()) return cudaErrorInvalidValue;
    dropped = found->second;
    executables().erase(found);
    return cudaSuccess;
  });
}

cudaError_t cudaUserObjectCreate(cudaUserObject_t* object_out, void* ptr, cudaHostFn_t destroy, unsigned int initialRefcount,
                                 unsigned int flags) {
  return guarded([&] {
    if (!object_out || !destroy || initialRefcount == 0 || initialRefcount > INT_MAX || flags != cudaUserObjectNoDestructorSync) {
      return cudaErrorInvalidValue;
    }
    auto object = std::make_shared<UserObject>();
    Lock lock(Runtime::get().mutex);
    objects()[object.get()] = {object, initialRefcount};
    object->value = ptr;
    object->destroy = destroy;
    *object_out = reinterpret_cast<cudaUserObject_t>(object.get());
    return cudaSuccess;
  });
}

cudaError_t cudaUserObjectRetain(cudaUserObject_t object, unsigned int count) {
  return guarded([&] {
    Lock lock(Runtime::get().mutex);
    auto found = objects().find(object);
    if (found == objects().end() || count == 0 || count > INT_MAX - found->second.count) return cudaErrorInvalidValue;
    found->second.count += count;
    return cudaSuccess;
  });
}

cudaError_t cudaUserObjectRelease(cudaUserObject_t object, unsigned int count) {
  return guarded([&] {
    std::shared_ptr<UserObject> dropped;  // after the lock
    Lock lock(Runtime::get().mutex);
    auto found = objects().find(object);
    if (found == objects().end() || count == 0 || count > found->second.count) return cudaErrorInvalidValue;
    found->second.count -= count;
    if (found->second.count == 0) {
      dropped = found->second.object;
      objects().erase(found);
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphRetainUserObject(cudaGraph_t graph, cudaUserObject_t object, unsigned int count, unsigned int flags) {
  return guarded([&] {
    std::shared_ptr<UserObject> dropped;  // after the lock
    if (count == 0 || count > INT_MAX || (flags & ~unsigned{cudaGraphUserObjectMove})) return cudaErrorInvalidValue;
    Lock lock(Runtime::get().mutex);
    std::shared_ptr<Graph> holder = find_graph(graph);
    auto found = objects().find(object);
    if (!holder || found == objects().end()) return cudaErrorInvalidValue;
    if ((flags & cudaGraphUserObjectMove) && count > found->second.count) return cudaErrorInvalidValue;
    Graph::Held& held = holder->objects[object];
    held.object = found->second.object;
    held.count += count;
    if (flags & cudaGraphUserObjectMove) {
      found->second.count -= count;
      if (found->second.count == 0) {
        dropped = found->second.object;
        objects().erase(found);
      }
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphReleaseUserObject(cudaGraph_t graph, cudaUserObject_t object, unsigned int count) {
  return guarded([&] {
    std::shared_ptr<UserObject> dropped;  // after the lock
    Lock lock(Runtime::get().mutex);
    std::shared_ptr<Graph> holder = find_graph(graph);
    if (!holder || count == 0) return cudaErrorInvalidValue;
    auto found = holder->objects.find(object);
    if (found == holder->objects.end() || count > found->second.count) return cudaErrorInvalidValue;
    found->second.count -= count;
    if (found->second.count == 0) {
      dropped = found->second.object;
      holder->objects.erase(found);
    }
    return cudaSuccess;
  });
}
