// The CUDA driver, found at run time. The declarations are our own, of the calls that are used; building needs no CUDA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace ingot::cuda {

using CuResult = int;  // 0 is success
using CuDevice = int;
using CuPointer = unsigned long long;
using CuContext = struct CuContextHandle*;
using CuModule = struct CuModuleHandle*;
using CuFunction = struct CuFunctionHandle*;
using CuStream = struct CuStreamHandle*;
using CuEvent = struct CuEventHandle*;
using CuGraph = struct CuGraphHandle*;
using CuGraphExec = struct CuGraphExecHandle*;
using CuGraphNode = struct CuGraphNodeHandle*;
using CuMemoryPool = struct CuMemoryPoolHandle*;

constexpr CuResult kOutOfMemoryCode = 2;
// Attributes of a device.
constexpr int kAttributeMultiprocessors = 16, kAttributeCacheBytes = 38, kAttributeMajor = 75, kAttributeMinor = 76,
              kAttributeSharedPerBlock = 97, kAttributeMemoryPools = 115, kAttributeClusters = 120;
constexpr int kPoolReleaseThreshold = 4;
// Attributes of a pointer, and of a function.
constexpr int kPointerMemoryType = 2, kPointerIsManaged = 8, kPointerDeviceOrdinal = 9;
constexpr int kFunctionMostShared = 8;
constexpr unsigned kStreamNonBlocking = 1;
constexpr int kCaptureRelaxed = 2;

// What a pool of a device's memory is made with.
struct MemoryPoolProperties {
  int allocation = 1, handles = 0;  // pinned; shared with no other process
  int place = 1, ordinal = 0;       // a device
  void* security = nullptr;
  size_t most_bytes = 0;  // as the driver likes
  unsigned char rest[56] = {};
};

// What an update of a graph tells: its result, and the nodes at fault.
struct GraphUpdateResult {
  int result;
  void *node, *from_node;
};

constexpr int kGraphMemset = 2;  // kind of a node
// What a graph's node sets memory to: `height` rows of `width` elements.
struct MemsetNodeParameters {
  CuPointer to;
  size_t pitch;
  unsigned value, element_bytes;
  size_t width, height;
};
struct KernelNodeParameters {
  CuFunction function;
  unsigned grid[3], block[3], shared_bytes;
  void **parameters, **extra;
  void *kernel, *context;
};

// Whether the context is lost: every later call gives the same code.
bool is_sticky(CuResult code);

// The calls by their names without "cu"; those with a version suffix have it in the table of driver.cpp.
struct Driver {
  CuResult (*init)(unsigned flags);
  CuResult (*driver_version)(int* version);
  CuResult (*error_name)(CuResult error, const char** text);
  CuResult (*error_string)(CuResult error, const char** text);
  CuResult (*device_count)(int* count);
  CuResult (*device_get)(CuDevice* device, int ordinal);
  CuResult (*device_name)(char* name, int length, CuDevice device);
  CuResult (*device_attribute)(int* value, int attribute, CuDevice device);
  CuResult (*device_memory)(size_t* bytes, CuDevice device);
  CuResult (*context_retain)(CuContext* context, CuDevice device);
  CuResult (*context_set)(CuContext context);
  CuResult (*context_get)(CuContext* context);
  CuResult (*context_device)(CuDevice* device);
  CuResult (*context_synchronize)();
  CuResult (*memory_info)(size_t* free_bytes, size_t* all_bytes);
  CuResult (*memory_allocate)(CuPointer* address, size_t bytes);
  CuResult (*memory_free)(CuPointer address);
  // Pools, whose memory comes and goes in a stream's order.
  CuResult (*pool_create)(CuMemoryPool* pool, const MemoryPoolProperties* properties);
  CuResult (*pool_set)(CuMemoryPool pool, int attribute, void* value);
  CuResult (*pool_trim)(CuMemoryPool pool, size_t bytes_to_keep);
  CuResult (*pool_allocate)(CuPointer* address, size_t bytes, CuMemoryPool pool, CuStream stream);
  CuResult (*pool_free)(CuPointer address, CuStream stream);
  CuResult (*memory_host_allocate)(void** address, size_t bytes, unsigned flags);
  CuResult (*memory_host_free)(void* address);
  CuResult (*copy)(CuPointer to, CuPointer from, size_t bytes, CuStream stream);
  CuResult (*set_bytes)(CuPointer to, unsigned char value, size_t count, CuStream stream);
  CuResult (*pointer_attribute)(void* value, int attribute, CuPointer address);
  CuResult (*stream_create)(CuStream* stream, unsigned flags);
  CuResult (*stream_destroy)(CuStream stream);
  CuResult (*stream_synchronize)(CuStream stream);
  CuResult (*stream_is_capturing)(CuStream stream, int* status);
  CuResult (*stream_begin_capture)(CuStream stream, int mode);
  CuResult (*exchange_capture_mode)(int* mode);
  CuResult (*stream_end_capture)(CuStream stream, CuGraph* graph);
  CuResult (*event_create)(CuEvent* event, unsigned flags);
  CuResult (*event_destroy)(CuEvent event);
  CuResult (*event_record)(CuEvent event, CuStream stream);
  CuResult (*event_synchronize)(CuEvent event);
  CuResult (*event_elapsed)(float* ms, CuEvent begin, CuEvent end);
  CuResult (*module_load)(CuModule* module, const void* image);
  CuResult (*module_unload)(CuModule module);
  CuResult (*module_function)(CuFunction* function, CuModule module, const char* name);
  CuResult (*function_set)(CuFunction function, int attribute, int value);
  CuResult (*launch)(CuFunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                     unsigned block_z, unsigned shared_bytes, CuStream stream, void** parameters, void** extra);
  CuResult (*graph_instantiate)(CuGraphExec* exec, CuGraph graph, unsigned long long flags);
  CuResult (*graph_update)(CuGraphExec exec, CuGraph graph, void* result);
  CuResult (*graph_launch)(CuGraphExec exec, CuStream stream);
  CuResult (*graph_destroy)(CuGraph graph);
  CuResult (*graph_exec_destroy)(CuGraphExec exec);

  // Nodes of graphs; null in drivers that lack one of them.
  CuResult (*graph_nodes)(CuGraph graph, CuGraphNode* nodes, size_t* count);
  CuResult (*node_type)(CuGraphNode node, int* type);
  CuResult (*node_memset)(CuGraphNode node, MemsetNodeParameters* parameters);
  CuResult (*node_dependencies)(CuGraphNode node, CuGraphNode* before, size_t* count);
  CuResult (*node_dependents)(CuGraphNode node, CuGraphNode* behind, size_t* count);
  CuResult (*add_kernel_node)(CuGraphNode* node, CuGraph graph, const CuGraphNode* before, size_t count,
                              const KernelNodeParameters* parameters);
  CuResult (*add_dependencies)(CuGraph graph, const CuGraphNode* before, const CuGraphNode* behind, size_t count);
  CuResult (*destroy_node)(CuGraphNode node);
  // Describes a box of a matrix for the memory engine of sm_90; null in older drivers.
  CuResult (*tensor_map)(void* map, int type, unsigned rank, void* address, const uint64_t* sizes, const uint64_t* strides,
                         const unsigned* box, const unsigned* steps, int interleave, int swizzle, int promotion, int fill);

  int version = 0;  // 13000
  std::string path;

  // "CUDA driver, launch: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)", and what it means for the process where
  // no later call can work.
  Error error(const char* call, CuResult code) const;
};

// Loaded and initialized once; an error says what is missing.
Result<const Driver*> driver();

#define CUDA_TRY(driver, member, ...)                                                          \
  do {                                                                                         \
    if (const int code_ = (driver).member(__VA_ARGS__)) return (driver).error(#member, code_); \
  } while (0)

}  // namespace ingot::cuda
