#include "device/cuda/driver.h"

#include "device/cuda/library.h"

namespace ingot::cuda {
namespace {

Result<Driver> load() {
  TRY_ASSIGN(SharedLibrary library, SharedLibrary::open({"libcuda.so.1", "libcuda.so"}, {}));
  Driver driver{};
  driver.path = library.path();
  std::string missing;
  const auto take = [&](auto& function, const char* name) {
    if (!library.load(function, name)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  take(driver.init, "cuInit");
  take(driver.driver_version, "cuDriverGetVersion");
  take(driver.error_name, "cuGetErrorName");
  take(driver.error_string, "cuGetErrorString");
  take(driver.device_count, "cuDeviceGetCount");
  take(driver.device_get, "cuDeviceGet");
  take(driver.device_name, "cuDeviceGetName");
  take(driver.device_attribute, "cuDeviceGetAttribute");
  take(driver.device_memory, "cuDeviceTotalMem_v2");
  take(driver.context_retain, "cuDevicePrimaryCtxRetain");
  take(driver.context_set, "cuCtxSetCurrent");
  take(driver.context_get, "cuCtxGetCurrent");
  take(driver.context_device, "cuCtxGetDevice");
  take(driver.context_synchronize, "cuCtxSynchronize");
  take(driver.memory_info, "cuMemGetInfo_v2");
  take(driver.memory_allocate, "cuMemAlloc_v2");
  take(driver.memory_free, "cuMemFree_v2");
  take(driver.pool_create, "cuMemPoolCreate");
  take(driver.pool_set, "cuMemPoolSetAttribute");
  take(driver.pool_trim, "cuMemPoolTrimTo");
  take(driver.pool_allocate, "cuMemAllocFromPoolAsync");
  take(driver.pool_free, "cuMemFreeAsync");
  take(driver.memory_host_allocate, "cuMemHostAlloc");
  take(driver.memory_host_free, "cuMemFreeHost");
  take(driver.copy, "cuMemcpyAsync");
  take(driver.set_bytes, "cuMemsetD8Async");
  take(driver.pointer_attribute, "cuPointerGetAttribute");
  take(driver.stream_create, "cuStreamCreate");
  take(driver.stream_destroy, "cuStreamDestroy_v2");
  take(driver.stream_synchronize, "cuStreamSynchronize");
  take(driver.stream_is_capturing, "cuStreamIsCapturing");
  take(driver.stream_begin_capture, "cuStreamBeginCapture_v2");
  take(driver.exchange_capture_mode, "cuThreadExchangeStreamCaptureMode");
  take(driver.stream_end_capture, "cuStreamEndCapture");
  take(driver.event_create, "cuEventCreate");
  take(driver.event_destroy, "cuEventDestroy_v2");
  take(driver.event_record, "cuEventRecord");
  take(driver.event_synchronize, "cuEventSynchronize");
  take(driver.event_elapsed, "cuEventElapsedTime");
  take(driver.module_load, "cuModuleLoadData");
  take(driver.module_unload, "cuModuleUnload");
  take(driver.module_function, "cuModuleGetFunction");
  take(driver.function_set, "cuFuncSetAttribute");
  take(driver.launch, "cuLaunchKernel");
  take(driver.graph_instantiate, "cuGraphInstantiateWithFlags");
  take(driver.graph_update, "cuGraphExecUpdate_v2");
  take(driver.graph_launch, "cuGraphLaunch");
  take(driver.graph_destroy, "cuGraphDestroy");
  take(driver.graph_exec_destroy, "cuGraphExecDestroy");
  const bool has_nodes = library.load(driver.graph_nodes, "cuGraphGetNodes") && library.load(driver.node_type, "cuGraphNodeGetType") &&
                         library.load(driver.node_memset, "cuGraphMemsetNodeGetParams") &&
                         library.load(driver.node_dependencies, "cuGraphNodeGetDependencies") &&
                         library.load(driver.node_dependents, "cuGraphNodeGetDependentNodes") &&
                         library.load(driver.add_kernel_node, "cuGraphAddKernelNode_v2") &&
                         library.load(driver.add_dependencies, "cuGraphAddDependencies") &&
                         library.load(driver.destroy_node, "cuGraphDestroyNode");
  if (!has_nodes) driver.graph_nodes = nullptr;
  if (!library.load(driver.tensor_map, "cuTensorMapEncodeTiled")) driver.tensor_map = nullptr;
  if (!missing.empty()) return unsupported("the CUDA driver " + library.path() + " lacks " + missing + "; it is too old");
  if (const int code = driver.init(0)) return driver.error("cuInit", code);
  if (const int code = driver.driver_version(&driver.version)) return driver.error("cuDriverGetVersion", code);
  return driver;
}

}  // namespace

bool is_sticky(CuResult code) {
  switch (code) {
    case 214:  // uncorrectable memory error
    case 700:  // illegal address
    case 702:  // launch timeout
    case 709:  // context is destroyed
    case 710:  // assert
    case 714:  // hardware stack error
    case 715:  // illegal instruction
    case 716:  // misaligned address
    case 717:  // invalid address space
    case 718:  // invalid program counter
    case 719:  // launch failed
      return true;
    default: return false;
  }
}

Error Driver::error(const char* call, CuResult code) const {
  const char *name = nullptr, *text = nullptr;
  error_name(code, &name);
  error_string(code, &text);
  std::string message = "CUDA driver, " + std::string(call) + ": " + (name ? name : "error " + std::to_string(code)) +
                        (text ? " (" + std::string(text) + ")" : "");
  if (is_sticky(code)) message += "; the GPU is lost to this process, whose CUDA calls all fail from here on: start it again";
  return code == kOutOfMemoryCode ? out_of_memory(std::move(message)) : internal(std::move(message));
}

Result<const Driver*> driver() {
  static const Result<Driver> loaded = load();
  if (!loaded.ok()) return loaded.error();
  return &*loaded;
}

}  // namespace ingot::cuda
