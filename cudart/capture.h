// Graphs and the captures that fill them.
//
// A graph's nodes run in the order in which they were added: a node only ever depends on earlier ones, so that order is a right one.
#pragma once

#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime.h"

namespace ingot::cudart {

// The program's object that graphs hold; the last one to let go of it calls `destroy`, never under the runtime's lock.
struct UserObject {
  void* value = nullptr;
  cudaHostFn_t destroy = nullptr;
  ~UserObject() {
    if (destroy) destroy(value);
  }
};

struct Node {
  Work work;
  cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
};

struct Graph {
  struct Held {
    std::shared_ptr<UserObject> object;
    unsigned count = 0;
  };
  std::vector<std::unique_ptr<Node>> nodes;
  std::map<const void*, Held> objects;

  Node* add(Work&& work, cudaGraphNodeType type);
};

// A graph made ready to launch; it never changes.
struct Program {
  std::vector<Work> steps;
  std::vector<cudaGraphNodeType> types;
  std::vector<std::shared_ptr<UserObject>> objects;
};

std::shared_ptr<Program> program_of(const Graph& graph);

struct Capture {
  // What is captured of one stream. `seen` says of each stream how many of its nodes lie before this stream's next one.
  struct Branch {
    StreamRef stream;
    std::unordered_map<Stream*, size_t> seen;
    cudaGraphNode_t last = nullptr;
  };
  unsigned long long id = 0;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  Stream* origin = nullptr;
  bool is_invalid = false;
  std::shared_ptr<Graph> graph;
  std::unordered_map<Stream*, Branch> branches;

  bool is_joined() const;
};

// Handles of graphs that are live; guarded by the runtime's mutex.
std::unordered_map<const void*, std::shared_ptr<Graph>>& graph_handles();

}  // namespace ingot::cudart
