// The table of what the runtime allocated or registered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "cuda_runtime_api.h"

namespace ingot::cudart {

enum class Place : uint8_t { kUnknown, kDevice, kManaged, kHost, kRegistered };

struct Allocation {
  void* base = nullptr;
  size_t bytes = 0;
  Place place = Place::kUnknown;
  unsigned flags = 0;
  bool is_leaving = false;  // its freeing is queued on a stream
};

class Memory {
 public:
  static Memory& get();

  std::mutex mutex;

  // Null in `*result` for 0 bytes.
  cudaError_t allocate(void** result, size_t bytes, Place place, unsigned flags);
  // Takes the allocation that starts at `base` out of the table, where it is in `place` or, for device memory, managed; the caller then
  // frees it with `give_back` once nothing uses it.
  cudaError_t take(void* base, Place place);
  void give_back(void* base);
  // Marks device memory as being freed in stream order, and ends that.
  cudaError_t mark_leaving(void* base);
  void release(void* base);
  cudaError_t enlist(void* base, size_t bytes, unsigned flags);
  cudaError_t delist(void* base);
  // The allocation that `address` lies in; its place is kUnknown where there is none.
  Allocation find(const void* address);
  // Whether `bytes` from `address` on stay within the allocation that `address` lies in; true for unknown memory.
  bool holds(const void* address, size_t bytes);
  void info(size_t* free, size_t* total);
  size_t total() const { return total_; }
  size_t allocated();
  // Frees everything and forgets what is registered.
  void clear();

 private:
  Memory();
  Allocation find_locked(const void* address) const;

  std::map<uintptr_t, Allocation> table_;
  size_t total_ = 0;      // memory of the machine, or the process's limit
  size_t available_ = 0;  // of it, when the program began
  size_t allocated_ = 0;
};

}  // namespace ingot::cudart
