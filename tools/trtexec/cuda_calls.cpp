#include "cuda_calls.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <glob.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "log.h"

namespace ingot::trtexec {

namespace {

void* runtime = nullptr;

bool is_stand_in(void* library) { return dlsym(library, "ingotCudartIsStandIn") != nullptr; }

// Whether the driver is there and sees a GPU.
bool has_gpu(const std::string& folder) {
  void* driver = folder.empty() ? nullptr : dlopen((folder + "/libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!driver) driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!driver) return false;
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto count_devices = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  int count = 0;
  return init && count_devices && init(0) == 0 && count_devices(&count) == 0 && count > 0;
}

// Where CUDA's own runtime may lie: the folder that INGOT_CUDA_PATH names, what the loader finds, the toolkit, Python's wheels.
std::vector<std::string> runtime_places(const std::string& own) {
  const char* const names[] = {"libcudart.so.12", "libcudart.so.13"};
  std::vector<std::string> patterns;
  const auto add = [&](const std::string& folder) {
    for (const char* name : names) patterns.push_back(folder + name);
  };
  if (!own.empty()) add(own + "/");
  add("");
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* home = std::getenv(variable)) add(std::string(home) + "/lib64/");
  }
  add("/usr/local/cuda/lib64/");
  add("/usr/lib/x86_64-linux-gnu/");
  std::vector<std::string> prefixes;
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    if (const char* prefix = std::getenv(variable)) prefixes.emplace_back(prefix);
  }
  const std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const std::string folder = path.substr(begin, end - begin);
    if (folder.size() > 4 && folder.compare(folder.size() - 4, 4, "/bin") == 0) prefixes.push_back(folder.substr(0, folder.size() - 4));
    begin = end + 1;
  }
  for (const std::string& prefix : prefixes) {
    add(prefix + "/lib/");
    for (const char* packages : {"site-packages", "dist-packages"}) add(prefix + "/lib/python3*/" + packages + "/nvidia/*/lib/");
  }
  std::vector<std::string> places;
  for (const std::string& pattern : patterns) {
    glob_t found{};
    if (pattern.find('*') == std::string::npos)
      places.push_back(pattern);
    else if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
      places.insert(places.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    if (found.gl_pathv) globfree(&found);
  }
  return places;
}

// The call of the runtime; every call behind load_cuda_runtime has one.
template <class Function>
Function* call(const char* name) {
  return reinterpret_cast<Function*>(runtime ? dlsym(runtime, name) : nullptr);
}

}  // namespace

bool load_cuda_runtime(bool wants_host) {
  const std::string own = std::getenv("INGOT_CUDA_PATH") ? std::getenv("INGOT_CUDA_PATH") : "";
  const char* wish = std::getenv("INGOT_DEVICE");
  wants_host |= wish && std::strcmp(wish, "cpu") == 0;
  const bool gpu = !wants_host && has_gpu(own);
  // A runtime that is loaded already is the one that others in the process use.
  for (const std::string& place : gpu ? runtime_places(own) : std::vector<std::string>()) {
    // Seen by all only once it is chosen: a stand-in stays loaded, and the engine takes the first runtime that all see.
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) continue;
    if (!is_stand_in(library)) {
      runtime = dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
      return true;
    }
    dlclose(library);
  }
  if (gpu)
    warn(
        "A GPU is there, but no CUDA runtime (libcudart.so.12 or 13): the CPU is the device. Install cuda-cudart, or name its folder in "
        "LD_LIBRARY_PATH.");
  runtime = dlopen("libcudart.so.12", RTLD_NOW | RTLD_GLOBAL);
  if (runtime) return true;
  return fail(std::string("no CUDA runtime can be loaded, nor the host's stand-in for it: ") + dlerror());
}

}  // namespace ingot::trtexec

// The calls that this program makes, on to the runtime that was chosen.
#define CALL(result, name, parameters, arguments)                                             \
  result CUDARTAPI name parameters {                                                          \
    static auto* const function = ingot::trtexec::call<result parameters>(#name);             \
    return function ? function arguments : static_cast<result>(cudaErrorInitializationError); \
  }

extern "C" {
CALL(cudaError_t, cudaGetDeviceCount, (int* count), (count))
CALL(cudaError_t, cudaSetDevice, (int device), (device))
CALL(cudaError_t, cudaGetLastError, (), ())
CALL(cudaError_t, cudaMalloc, (void** memory, size_t bytes), (memory, bytes))
CALL(cudaError_t, cudaMallocHost, (void** memory, size_t bytes), (memory, bytes))
CALL(cudaError_t, cudaFree, (void* memory), (memory))
CALL(cudaError_t, cudaFreeHost, (void* memory), (memory))
CALL(cudaError_t, cudaMemcpy, (void* to, const void* from, size_t bytes, cudaMemcpyKind kind), (to, from, bytes, kind))
CALL(cudaError_t, cudaMemcpyAsync, (void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream),
     (to, from, bytes, kind, stream))
CALL(cudaError_t, cudaStreamCreateWithFlags, (cudaStream_t * stream, unsigned flags), (stream, flags))
CALL(cudaError_t, cudaStreamDestroy, (cudaStream_t stream), (stream))
CALL(cudaError_t, cudaStreamSynchronize, (cudaStream_t stream), (stream))
CALL(cudaError_t, cudaStreamBeginCapture, (cudaStream_t stream, cudaStreamCaptureMode mode), (stream, mode))
CALL(cudaError_t, cudaStreamEndCapture, (cudaStream_t stream, cudaGraph_t* graph), (stream, graph))
CALL(cudaError_t, cudaGraphInstantiate, (cudaGraphExec_t * exec, cudaGraph_t graph, unsigned long long flags), (exec, graph, flags))
CALL(cudaError_t, cudaGraphLaunch, (cudaGraphExec_t exec, cudaStream_t stream), (exec, stream))
CALL(cudaError_t, cudaGraphDestroy, (cudaGraph_t graph), (graph))
CALL(cudaError_t, cudaGraphExecDestroy, (cudaGraphExec_t exec), (exec))
CALL(cudaError_t, cudaEventCreate, (cudaEvent_t * event), (event))
CALL(cudaError_t, cudaEventDestroy, (cudaEvent_t event), (event))
CALL(cudaError_t, cudaEventRecord, (cudaEvent_t event, cudaStream_t stream), (event, stream))
CALL(cudaError_t, cudaEventQuery, (cudaEvent_t event), (event))
CALL(cudaError_t, cudaEventSynchronize, (cudaEvent_t event), (event))
CALL(cudaError_t, cudaEventElapsedTime, (float* ms, cudaEvent_t begin, cudaEvent_t end), (ms, begin, end))

const char* CUDARTAPI cudaGetErrorString(cudaError_t error) {
  static auto* const function = ingot::trtexec::call<const char*(cudaError_t)>("cudaGetErrorString");
  return function ? function(error) : "no CUDA runtime is loaded";
}

// Each generation has a layout of its own, but its head is the same in all: the name, identifiers, and the bytes of memory.
cudaError_t CUDARTAPI cudaGetDeviceProperties(struct cudaDeviceProp* properties, int device) {
  using Function = cudaError_t(void*, int);
  static auto* const newer = ingot::trtexec::call<Function>("cudaGetDeviceProperties_v2");  // CUDA 12 has both
  static auto* const function = newer ? newer : ingot::trtexec::call<Function>("cudaGetDeviceProperties");
  if (!function) return cudaErrorInitializationError;
  alignas(16) static std::byte any[16 * 1024];
  const cudaError_t code = function(any, device);
  if (code == cudaSuccess) std::memcpy(properties, any, offsetof(cudaDeviceProp, totalGlobalMem) + sizeof properties->totalGlobalMem);
  return code;
}

int CUDARTAPI ingotCudartIsStandIn() { return ingot::trtexec::runtime && ingot::trtexec::is_stand_in(ingot::trtexec::runtime); }
}  // extern "C"
