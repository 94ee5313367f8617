// Stands in for the CUDA driver in tests: device memory that the host cannot touch, streams that run at once, and graphs.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace {

using Pointer = unsigned long long;
constexpr size_t kSpace = size_t{16} << 30;
constexpr int kInvalidValue = 1, kOutOfMemory = 2, kNotPermitted = 800;

std::recursive_mutex mutex;

// One range of addresses for all device memory, open only while the device works: a host that reads it faults.
struct Memory {
  char* base = nullptr;
  std::map<Pointer, size_t> used;

  Memory() { base = static_cast<char*>(mmap(nullptr, kSpace, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)); }
  Pointer take(size_t bytes) {
    bytes = (bytes + 511) / 512 * 512 + 512;
    Pointer at = reinterpret_cast<Pointer>(base);
    for (const auto& [begin, size] : used) {
      if (begin - at >= bytes) break;
      at = begin + size;
    }
    if (at + bytes > reinterpret_cast<Pointer>(base) + kSpace) return 0;
    used[at] = bytes;
    return at;
  }
  bool holds(Pointer address) const {
    return address >= reinterpret_cast<Pointer>(base) && address < reinterpret_cast<Pointer>(base) + kSpace;
  }
};
Memory& memory() {
  static auto* all = new Memory;
  return *all;
}
struct Open {
  static inline int depth = 0;
  Open() {
    if (depth++ == 0) mprotect(memory().base, kSpace, PROT_READ | PROT_WRITE);
  }
  ~Open() {
    if (--depth == 0) mprotect(memory().base, kSpace, PROT_NONE);
  }
};

// What tests ask of the emulated driver: calls that are counted, and an error that all later calls give.
int sticky_error = 0;
std::map<std::string, long> counts;
unsigned newest_launch[7];  // grid, block, bytes of shared memory
// Streams that are captured in the mode that forbids unsafe calls of all threads, and this thread's mode.
int strict_captures = 0;
thread_local int thread_mode = 0;
// The error of a call that a capture forbids, or of a device that is lost.
int refused(bool unsafe) { return sticky_error ? sticky_error : unsafe && strict_captures > 0 && thread_mode != 2 ? 901 : 0; }

struct Graph;
struct MemsetParameters {
  Pointer to;
  size_t pitch;
  unsigned value, element_bytes;
  size_t width, height;
};
struct CopyParameters {
  Pointer to, from;
  size_t bytes;
};
struct Function {
  void (*launch)(const unsigned* grid, unsigned block, void** parameters) = nullptr;
  const size_t* sizes = nullptr;
};
struct KernelParameters {
  Function* function;
  unsigned grid[3], block[3], shared_bytes;
  void **parameters, **extra, *kernel, *context;
};
enum NodeKind { kKernel = 0, kCopy = 1, kMemset = 2 };
struct Node {
  NodeKind kind = kKernel;
  std::function<int()> work;  // of kernels of the emulated libraries, in place of a function
  MemsetParameters memset{};
  CopyParameters copy{};
  KernelParameters kernel{};
  std::vector<std::string> kept;  // values of the kernel's parameters
  std::vector<void*> addresses;   // where they are
  Graph* graph = nullptr;

  void set(const KernelParameters& parameters) {
    kind = kKernel;
    kernel = parameters;
    if (!parameters.function) {
      work = *reinterpret_cast<std::function<int()>*>(parameters.extra);
      return;
    }
    kept.clear();
    const size_t* sizes = parameters.function->sizes;
    for (size_t i = 0; sizes[i]; ++i) kept.emplace_back(static_cast<const char*>(parameters.parameters[i]), sizes[i]);
    addresses.clear();
    for (std::string& value : kept) addresses.push_back(value.data());
    kernel.parameters = addresses.data();
  }
  int run();
};
// Its nodes follow each other. One that was made ready to run knows which nodes its own were made of.
struct Graph {
  std::vector<std::shared_ptr<Node>> nodes;
  std::vector<const Node*> origins;

  std::shared_ptr<Node> add() {
    auto node = std::make_shared<Node>();
    node->graph = this;
    nodes.push_back(node);
    return node;
  }
  size_t place_of(const Node* node) const {
    size_t at = 0;
    while (at < nodes.size() && nodes[at].get() != node) ++at;
    return at;
  }
  // A new node in place of the one that was made of `origin`.
  Node* replaced(const Node* origin) {
    for (size_t i = 0; i < origins.size(); ++i) {
      if (origins[i] != origin) continue;
      nodes[i] = std::make_shared<Node>();
      return nodes[i].get();
    }
    return nullptr;
  }
};
struct Stream {
  Graph* capture = nullptr;
  bool strict = false;
  Node* last = nullptr;  // as it was told
};
struct Event {
  std::chrono::steady_clock::time_point time;
};
struct Module {
  void* library = nullptr;
};

int Node::run() {
  if (kind == kKernel && kernel.function) {
    kernel.function->launch(kernel.grid, kernel.block[0], kernel.parameters);
    return 0;
  }
  if (kind == kCopy) {
    std::memmove(reinterpret_cast<void*>(copy.to), reinterpret_cast<const void*>(copy.from), copy.bytes);
    return 0;
  }
  if (kind == kMemset) {
    ++counts["memset"];
    std::memset(reinterpret_cast<void*>(memset.to), static_cast<int>(memset.value), memset.width);
    return 0;
  }
  return work();
}

// Runs what `fill` makes of a node, or adds the node to what is captured.
template <class Fill>
int submit_node(Stream* stream, Fill fill) {
  if (const int code = refused(false)) return code;
  if (stream && stream->capture) {
    fill(*stream->capture->add());
    return 0;
  }
  Node node;
  fill(node);
  Open open;
  return node.run();
}

int submit(Stream* stream, std::function<int()> work) {
  if (const int code = refused(false)) return code;
  if (stream && stream->capture) {
    stream->capture->add()->work = std::move(work);
    return 0;
  }
  Open open;
  return work();
}

int context_mark;
thread_local void* current_context = nullptr;

}  // namespace

extern "C" {

// For the emulated libraries beside this one: work that touches the device's memory.
int emulatedSubmit(Stream* stream, std::function<int()>* work) {
  std::lock_guard lock(mutex);
  ++counts["launch"];
  return submit(stream, std::move(*work));
}

void emulatedLose(int code) { sticky_error = code; }
// Calls of one kind so far: "allocate", "synchronize", "instantiate", "capture", "launch", "memset", "replay", "update" of whole
// graphs, "patch" of a node; and "bytes from host", "bytes to host" that were copied.
long emulatedCount(const char* kind) {
  std::lock_guard lock(mutex);
  return counts[kind];
}

void emulatedLaunch(unsigned* sizes) {
  std::lock_guard lock(mutex);
  std::memcpy(sizes, newest_launch, sizeof newest_launch);
}

int cuInit(unsigned) { return 0; }
int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
int cuGetErrorName(int code, const char** text) {
  *text = code == 700             ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : code == kOutOfMemory  ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == kInvalidValue ? "CUDA_ERROR_INVALID_VALUE"
                                  : "CUDA_ERROR_EMULATED";
  return 0;
}
int cuGetErrorString(int, const char** text) {
  *text = "of the emulated driver";
  return 0;
}
int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}
int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char* name, int length, int) {
  std::snprintf(name, static_cast<size_t>(length), "Emulated GPU");
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  // Compute capability 9.0 with 8 multiprocessors, a cache of 4 KiB, and no clusters of blocks.
  *value = attribute == 75 ? 9 : attribute == 76 || attribute == 120 ? 0 : attribute == 16 ? 8 : attribute == 38 ? 4096 : 227 * 1024;
  return 0;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = kSpace;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &context_mark;
  return 0;
}
int cuCtxSetCurrent(void* context) {
  current_context = context;
  return 0;
}
int cuCtxGetCurrent(void** context) {
  *context = current_context;
  return 0;
}
int cuCtxGetDevice(int* device) {
  *device = 0;
  return current_context ? 0 : 201;
}
int cuCtxSynchronize() {
  std::lock_guard lock(mutex);
  ++counts["synchronize"];
  return refused(true);
}
int cuMemGetInfo_v2(size_t* free_bytes, size_t* all_bytes) {
  std::lock_guard lock(mutex);
  *all_bytes = *free_bytes = kSpace;
  for (const auto& [begin, size] : memory().used) *free_bytes -= size;
  return 0;
}
int cuThreadExchangeStreamCaptureMode(int* mode) {
  std::swap(*mode, thread_mode);
  return 0;
}
int cuMemAlloc_v2(Pointer* address, size_t bytes) {
  std::lock_guard lock(mutex);
  ++counts["allocate"];
  if (const int code = refused(true)) return code;
  *address = memory().take(bytes);
  if (!*address) return kOutOfMemory;
  Open open;
  std::memset(reinterpret_cast<void*>(*address), 0xa5, bytes);  // nothing may count on zeros
  return 0;
}
int cuMemFree_v2(Pointer address) {
  std::lock_guard lock(mutex);
  if (const int code = refused(true)) return code;
  const auto found = memory().used.find(address);
  if (found == memory().used.end()) return kInvalidValue;
  madvise(reinterpret_cast<void*>((address + 4095) / 4096 * 4096), found->second > 8192 ? (found->second - 4096) / 4096 * 4096 : 0,
          MADV_DONTNEED);
  memory().used.erase(found);
  return 0;
}
int cuMemPoolCreate(void** pool, const void*) {
  *pool = &context_mark;
  return 0;
}
int cuMemPoolSetAttribute(void*, int, void*) { return 0; }
int cuMemPoolTrimTo(void*, size_t) { return 0; }
int cuMemAllocFromPoolAsync(Pointer* address, size_t bytes, void*, Stream*) { return cuMemAlloc_v2(address, bytes); }
int cuMemFreeAsync(Pointer address, Stream*) { return cuMemFree_v2(address); }
int cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  {
    std::lock_guard lock(mutex);
    counts["host bytes"] += static_cast<long>(bytes);
  }
  *address = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return *address ? 0 : kOutOfMemory;
}
int cuMemFreeHost(void* address) {
  std::free(address);
  return 0;
}
int cuMemcpyAsync(Pointer to, Pointer from, size_t bytes, Stream* stream) {
  std::lock_guard lock(mutex);
  if (!memory().holds(from)) counts["bytes from host"] += static_cast<long>(bytes);
  if (!memory().holds(to)) counts["bytes to host"] += static_cast<long>(bytes);
  return submit_node(stream, [=](Node& node) {
    node.kind = kCopy;
    node.copy = {to, from, bytes};
  });
}
int cuMemsetD8Async(Pointer to, unsigned char value, size_t count, Stream* stream) {
  std::lock_guard lock(mutex);
  return submit_node(stream, [=](Node& node) {
    node.kind = kMemset;
    node.memset = {to, 0, value, 1, count, 1};
  });
}
int cuPointerGetAttribute(void* value, int attribute, Pointer address) {
  if (!memory().holds(address)) return kInvalidValue;
  *static_cast<unsigned*>(value) = attribute == 2 ? 2 : 0;
  return 0;
}
int cuStreamCreate(Stream** stream, unsigned) {
  *stream = new Stream;
  return 0;
}
int cuStreamDestroy_v2(Stream* stream) {
  delete stream;
  return 0;
}
int cuStreamSynchronize(Stream* stream) {
  std::lock_guard lock(mutex);
  ++counts["synchronize"];
  return stream && stream->capture ? kNotPermitted : refused(false);
}
int cuStreamIsCapturing(Stream* stream, int* status) {
  *status = stream && stream->capture ? 1 : 0;
  return sticky_error;
}
int cuStreamBeginCapture_v2(Stream* stream, int mode) {
  std::lock_guard lock(mutex);
  ++counts["capture"];
  stream->capture = new Graph;
  stream->strict = mode == 0;
  strict_captures += stream->strict;
  return 0;
}
int cuStreamEndCapture(Stream* stream, Graph** graph) {
  std::lock_guard lock(mutex);
  strict_captures -= stream->strict;
  *graph = stream->capture;
  stream->capture = nullptr;
  return 0;
}
int cuEventCreate(Event** event, unsigned) {
  *event = new Event;
  return 0;
}
int cuEventDestroy_v2(Event* event) {
  delete event;
  return 0;
}
int cuEventRecord(Event* event, Stream*) {
  event->time = std::chrono::steady_clock::now();
  return 0;
}
int cuEventSynchronize(Event*) { return 0; }
int cuEventElapsedTime(float* ms, Event* begin, Event* end) {
  *ms = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return 0;
}
int cuModuleLoadData(Module** module, const void* image) {
  // The image is a shared library; its length stands in its own headers.
  const auto* head = static_cast<const unsigned char*>(image);
  uint64_t sections = 0;
  uint16_t size = 0, count = 0;
  std::memcpy(&sections, head + 40, 8);
  std::memcpy(&size, head + 58, 2);
  std::memcpy(&count, head + 60, 2);
  char path[] = "/tmp/ingot-kernel-XXXXXX";
  const int file = mkstemp(path);
  const size_t bytes = sections + static_cast<size_t>(size) * count;
  const bool written = file >= 0 && write(file, image, bytes) == static_cast<ssize_t>(bytes);
  if (file >= 0) close(file);
  void* library = written ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library) std::fprintf(stderr, "emulated driver: %s\n", dlerror());
  unlink(path);
  if (!library) return 200;
  *module = new Module{library};
  return 0;
}
int cuModuleUnload(Module* module) {
  delete module;
  return 0;
}
int cuModuleGetFunction(Function** function, Module* module, const char* name) {
  auto* made = new Function;
  made->launch = reinterpret_cast<decltype(made->launch)>(dlsym(module->library, (std::string("emulated_launch_") + name).c_str()));
  auto* sizes = reinterpret_cast<const size_t* (*)()>(dlsym(module->library, (std::string("emulated_sizes_") + name).c_str()));
  if (!made->launch || !sizes) return 500;
  made->sizes = sizes();
  *function = made;
  return 0;
}
// What warp_group.cu reads of a map where it is emulated.
int cuTensorMapEncodeTiled(void* map, int, unsigned, void* address, const uint64_t* sizes, const uint64_t* strides, const unsigned* box,
                           const unsigned*, int, int, int, int) {
  const uint64_t told[5] = {reinterpret_cast<uint64_t>(address), sizes[0], sizes[1], strides[0], box[1]};
  if (told[0] % 16 != 0 || told[3] % 16 != 0 || box[1] > 256) return kInvalidValue;
  std::memcpy(map, told, sizeof told);
  return 0;
}
int cuFuncSetAttribute(Function*, int, int) { return 0; }
int cuLaunchKernel(Function* function, unsigned x, unsigned y, unsigned z, unsigned block, unsigned block_y, unsigned block_z,
                   unsigned shared_bytes, Stream* stream, void** parameters, void**) {
  std::lock_guard lock(mutex);
  ++counts["launch"];
  const unsigned sizes[] = {x, y, z, block, block_y, block_z, shared_bytes};
  std::memcpy(newest_launch, sizes, sizeof sizes);
  if (const int code = refused(false)) return code;
  if (block > 1024 || block == 0 || x == 0 || y == 0 || z == 0) return kInvalidValue;
  if (!stream || !stream->capture) {
    Open open;
    const unsigned grid[3] = {x, y, z};
    function->launch(grid, block, parameters);
    return 0;
  }
  return submit_node(stream, [&](Node& node) { node.set({function, {x, y, z}, {block, 1, 1}, 0, parameters, nullptr, nullptr, nullptr}); });
}
int cuStreamGetCaptureInfo_v2(Stream* stream, int* status, uint64_t* id, Graph** graph, Node* const** last, size_t* count) {
  std::lock_guard lock(mutex);
  *status = stream && stream->capture ? 1 : 0;
  if (id) *id = 1;
  if (!*status) return 0;
  *graph = stream->capture;
  stream->last = stream->capture->nodes.empty() ? nullptr : stream->capture->nodes.back().get();
  *last = &stream->last;
  *count = stream->last != nullptr;
  return 0;
}
int cuGraphGetNodes(Graph* graph, Node** nodes, size_t* count) {
  for (size_t i = 0; nodes && i < *count && i < graph->nodes.size(); ++i) nodes[i] = graph->nodes[i].get();
  *count = graph->nodes.size();
  return 0;
}
int cuGraphNodeGetType(Node* node, int* type) {
  *type = node->kind;
  return 0;
}
int cuGraphMemsetNodeGetParams(Node* node, MemsetParameters* parameters) {
  *parameters = node->memset;
  return 0;
}
int cuGraphNodeGetDependencies(Node* node, Node** before, size_t* count) {
  const size_t at = node->graph->place_of(node);
  *count = at > 0;
  if (before && at > 0) *before = node->graph->nodes[at - 1].get();
  return 0;
}
int cuGraphNodeGetDependentNodes(Node* node, Node** behind, size_t* count) {
  const size_t next = node->graph->place_of(node) + 1;
  *count = next < node->graph->nodes.size();
  if (behind && *count > 0) *behind = node->graph->nodes[next].get();
  return 0;
}
int cuGraphKernelNodeGetParams_v2(Node* node, KernelParameters* parameters) {
  *parameters = node->kernel;
  if (!parameters->function) parameters->extra = reinterpret_cast<void**>(&node->work);
  return 0;
}
int cuGraphMemcpyNodeGetParams(Node* node, CopyParameters* parameters) {
  *parameters = node->copy;
  return 0;
}
// It takes its place behind the node that it waits for.
int cuGraphAddKernelNode_v2(Node** node, Graph* graph, Node* const* before, size_t count, const KernelParameters* kernel) {
  std::lock_guard lock(mutex);
  const size_t at = count > 0 ? graph->place_of(before[0]) + 1 : 0;
  auto made = std::make_shared<Node>();
  made->graph = graph;
  made->set(*kernel);
  *node = made.get();
  graph->nodes.insert(graph->nodes.begin() + static_cast<std::ptrdiff_t>(at), std::move(made));
  return 0;
}
int cuGraphAddDependencies(Graph*, Node* const*, Node* const*, size_t) { return 0; }
int cuGraphDestroyNode(Node* node) {
  Graph* graph = node->graph;
  graph->nodes.erase(graph->nodes.begin() + static_cast<std::ptrdiff_t>(graph->place_of(node)));
  return 0;
}
int cuGraphInstantiateWithFlags(Graph** exec, Graph* graph, unsigned long long) {
  std::lock_guard lock(mutex);
  ++counts["instantiate"];
  *exec = new Graph;
  (*exec)->nodes = graph->nodes;
  for (const auto& node : graph->nodes) (*exec)->origins.push_back(node.get());
  return 0;
}
int cuGraphExecUpdate_v2(Graph* exec, Graph* graph, void*) {
  std::lock_guard lock(mutex);
  ++counts["update"];
  if (exec->nodes.size() != graph->nodes.size()) return 910;
  exec->nodes = graph->nodes;  // known by the names of those that it was made of
  return 0;
}
int cuGraphExecKernelNodeSetParams_v2(Graph* exec, Node* node, const KernelParameters* parameters) {
  std::lock_guard lock(mutex);
  ++counts["patch"];
  Node* made = exec->replaced(node);
  if (!made) return kInvalidValue;
  made->set(*parameters);
  return 0;
}
int cuGraphExecMemcpyNodeSetParams(Graph* exec, Node* node, const CopyParameters* parameters, void* context) {
  std::lock_guard lock(mutex);
  ++counts["patch"];
  Node* made = context ? exec->replaced(node) : nullptr;
  if (!made) return kInvalidValue;
  made->kind = kCopy;
  made->copy = *parameters;
  return 0;
}
int cuGraphExecMemsetNodeSetParams(Graph* exec, Node* node, const MemsetParameters* parameters, void* context) {
  std::lock_guard lock(mutex);
  ++counts["patch"];
  Node* made = context ? exec->replaced(node) : nullptr;
  if (!made) return kInvalidValue;
  made->kind = kMemset;
  made->memset = *parameters;
  return 0;
}
int cuGraphLaunch(Graph* exec, Stream*) {
  std::lock_guard lock(mutex);
  ++counts["replay"];
  if (const int code = refused(false)) return code;
  Open open;
  for (const auto& node : exec->nodes) {
    if (const int code = node->run()) return code;
  }
  return 0;
}
int cuGraphDestroy(Graph* graph) {
  delete graph;
  return 0;
}
int cuGraphExecDestroy(Graph* exec) {
  delete exec;
  return 0;
}

}  // extern "C"
