// Device memory that the program manages: allocators for engines and for outputs whose size the data decides.
#pragma once

#include "../NvInferRuntimeBase.h"
#include "fallback.h"

namespace nvinfer1 {

// Properties of an allocation, as bits of AllocatorFlags.
enum class AllocatorFlag : int32_t {
  kRESIZABLE = 0,  // reallocate() may be called on it
};
template <>
constexpr int32_t EnumMax<AllocatorFlag>() noexcept {
  return 1;
}
using AllocatorFlags = uint32_t;

// Provides device memory in place of the library's own. Sizes and alignments are in bytes, alignments powers of two.
// Called from several threads at once.
class IGpuAllocator : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IGpuAllocator", 1, 0}; }

  // Memory of at least `size` bytes; null where there is none left, or for size 0.
  virtual void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags) = 0;
  // Gives memory back; false where that failed. Null is allowed.
  virtual bool deallocate(void* const memory) {
    impl::Fallback fallback(this);
    if (fallback.first()) free(memory);
    return fallback.first();
  }
  // Resizes what was allocated as kRESIZABLE and keeps its content; null where that cannot be done in place of a new allocation.
  virtual void* reallocate(void* const /*baseAddr*/, uint64_t /*alignment*/, uint64_t /*newSize*/) { return nullptr; }

  // The same, in the order of a stream.
  virtual void* allocateAsync(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags, cudaStream_t /*stream*/) {
    return allocate(size, alignment, flags);
  }
  virtual bool deallocateAsync(void* const memory, cudaStream_t /*stream*/) { return deallocate(memory); }

  // ---- Retired: generations up to 9 wrote this in place of deallocate ----
  virtual void free(void* const memory) {
    impl::Fallback fallback(this);
    if (fallback.first()) deallocate(memory);
  }
};

// An allocator whose memory is ordered by streams. What carries no stream happens on the default one.
class IGpuAsyncAllocator : public IGpuAllocator {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IGpuAllocator", 1, 0}; }

  void* allocateAsync(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags, cudaStream_t stream) override = 0;
  bool deallocateAsync(void* const memory, cudaStream_t stream) override = 0;
  void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags) override {
    return allocateAsync(size, alignment, flags, nullptr);
  }
  bool deallocate(void* const memory) override { return deallocateAsync(memory, nullptr); }
};

// Provides the memory of an output, once its size is known. Set on an execution context for one output name.
class IOutputAllocator : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IOutputAllocator", 1, 0}; }

  // Memory of at least `size` bytes for the output: `currentMemory` where that is large enough. Null makes the run fail.
  virtual void* reallocateOutputAsync(char const* tensorName, void* currentMemory, uint64_t size, uint64_t alignment,
                                      cudaStream_t /*stream*/) {
    impl::Fallback fallback(this);
    return fallback.first() ? reallocateOutput(tensorName, currentMemory, size, alignment) : nullptr;
  }
  virtual void* reallocateOutput(char const* tensorName, void* currentMemory, uint64_t size, uint64_t alignment) {
    impl::Fallback fallback(this);
    return fallback.first() ? reallocateOutputAsync(tensorName, currentMemory, size, alignment, nullptr) : nullptr;
  }
  // Tells the shape of the output, before enqueueV3 returns.
  virtual void notifyShape(char const* tensorName, Dims const& dims) = 0;

  // What the library calls for notifyShape.
  INGOT_LEVEL_ABI virtual void notifyShape64_(char const* tensorName, Dims64 const& dims) {
    notifyShape(tensorName, impl::narrow<Dims>(dims));
  }

  // ---- Retired: generations 8 and 9 ----
  virtual int32_t getInterfaceVersion() const { return 1; }
};

namespace v_1_0 {
using nvinfer1::IGpuAllocator;
using nvinfer1::IGpuAsyncAllocator;
using nvinfer1::IOutputAllocator;
}  // namespace v_1_0
}  // namespace nvinfer1
