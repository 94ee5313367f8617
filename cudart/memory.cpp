#include "memory.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

namespace ingot::cudart {
namespace {

constexpr size_t kAlignment = 256;  // as cudaMalloc promises

// The number after `key` in /proc/meminfo, in bytes; 0 where it cannot be read.
size_t memory_info(const char* key) {
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (!file) return 0;
  char line[256], name[64];
  unsigned long long kilobytes = 0;
  size_t bytes = 0;
  while (std::fgets(line, sizeof line, file)) {
    if (std::sscanf(line, "%63[^:]: %llu", name, &kilobytes) == 2 && std::string_view(name) == key) {
      bytes = static_cast<size_t>(kilobytes) * 1024;
      break;
    }
  }
  std::fclose(file);
  return bytes;
}

// A control group's number; the largest size where there is no limit or no file.
size_t group_number(const char* path) {
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  std::FILE* file = std::fopen(path, "re");
  if (!file) return kNone;
  unsigned long long value = 0;
  size_t number = std::fscanf(file, "%llu", &value) == 1 ? static_cast<size_t>(value) : kNone;
  std::fclose(file);
  return number;
}

size_t group_limit() {
  return std::min(group_number("/sys/fs/cgroup/memory.max"), group_number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

// What is free for this process now.
size_t available_now() {
  size_t available = memory_info("MemAvailable");
  size_t used = std::min(group_number("/sys/fs/cgroup/memory.current"), group_number("/sys/fs/cgroup/memory/memory.usage_in_bytes"));
  size_t limit = group_limit();
  return limit > used ? std::min(available, limit - used) : available;
}

}  // namespace

Memory& Memory::get() {
  static Memory* memory = new Memory;
  return *memory;
}

Memory::Memory() : total_(std::min(memory_info("MemTotal"), group_limit())), available_(available_now()) {
  if (total_ == 0) total_ = std::numeric_limits<size_t>::max() / 2;
  if (available_ == 0) available_ = total_;
}

cudaError_t Memory::allocate(void** result, size_t bytes, Place place, unsigned flags) {
  *result = nullptr;
  if (bytes == 0) return cudaSuccess;
  std::lock_guard lock(mutex);
  if (bytes > total_ || allocated_ > total_ - bytes) return cudaErrorMemoryAllocation;
  void* base = nullptr;
  if (posix_memalign(&base, kAlignment, bytes) != 0) return cudaErrorMemoryAllocation;
  try {
    table_[reinterpret_cast<uintptr_t>(base)] = {base, bytes, place, flags, false};
  } catch (...) {
    free(base);
    throw;
  }
  allocated_ += bytes;
  *result = base;
  return cudaSuccess;
}

cudaError_t Memory::take(void* base, Place place) {
  std::lock_guard lock(mutex);
  auto found = table_.find(reinterpret_cast<uintptr_t>(base));
  if (found == table_.end() || found->second.is_leaving) return cudaErrorInvalidValue;
  Place actual = found->second.place;
  if (actual != place && !(place == Place::kDevice && actual == Place::kManaged)) return cudaErrorInvalidValue;
  allocated_ -= found->second.bytes;
  table_.erase(found);
  return cudaSuccess;
}

void Memory::give_back(void* base) { free(base); }

cudaError_t Memory::mark_leaving(void* base) {
  std::lock_guard lock(mutex);
  auto found = table_.find(reinterpret_cast<uintptr_t>(base));
  if (found == table_.end() || found->second.is_leaving || found->second.place != Place::kDevice) return cudaErrorInvalidValue;
  found->second.is_leaving = true;
  return cudaSuccess;
}

void Memory::release(void* base) {
  {
    std::lock_guard lock(mutex);
    auto found = table_.find(reinterpret_cast<uintptr_t>(base));
    if (found == table_.end()) return;
    allocated_ -= found->second.bytes;
    table_.erase(found);
  }
  free(base);
}

cudaError_t Memory::enlist(void* base, size_t bytes, unsigned flags) {
  if (!base || bytes == 0 || bytes > total_) return cudaErrorInvalidValue;
  std::lock_guard lock(mutex);
  auto begin = reinterpret_cast<uintptr_t>(base);
  Place place = find_locked(base).place;
  auto next = table_.lower_bound(begin);
  if (next != table_.end() && next->first - begin < bytes) place = next->second.place;
  if (place != Place::kUnknown) return place == Place::kRegistered ? cudaErrorHostMemoryAlreadyRegistered : cudaErrorInvalidValue;
  table_[begin] = {base, bytes, Place::kRegistered, flags, false};
  return cudaSuccess;
}

cudaError_t Memory::delist(void* base) {
  if (!base) return cudaErrorInvalidValue;
  std::lock_guard lock(mutex);
  auto found = table_.find(reinterpret_cast<uintptr_t>(base));
  if (found == table_.end()) return cudaErrorHostMemoryNotRegistered;
  if (found->second.place != Place::kRegistered) return cudaErrorInvalidValue;
  table_.erase(found);
  return cudaSuccess;
}

Allocation Memory::find_locked(const void* address) const {
  auto number = reinterpret_cast<uintptr_t>(address);
  auto after = table_.upper_bound(number);
  if (after == table_.begin()) return {};
  const Allocation& allocation = std::prev(after)->second;
  return number - reinterpret_cast<uintptr_t>(allocation.base) < allocation.bytes ? allocation : Allocation{};
}

Allocation Memory::find(const void* address) {
  std::lock_guard lock(mutex);
  return find_locked(address);
}

bool Memory::holds(const void* address, size_t bytes) {
  Allocation allocation = find(address);
  if (allocation.place == Place::kUnknown || allocation.place == Place::kRegistered) return true;
  size_t offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(allocation.base);
  return bytes <= allocation.bytes - offset;
}

size_t Memory::allocated() {
  std::lock_guard lock(mutex);
  return allocated_;
}

void Memory::info(size_t* free_bytes, size_t* total_bytes) {
  size_t used = allocated();
  size_t rest = available_ > used ? available_ - used : 0;
  // Pages that were allocated but not yet touched count as used in `rest`, those of other processes in the other.
  *free_bytes = std::min({rest, available_now(), total_});
  *total_bytes = total_;
}

void Memory::clear() {
  std::vector<void*> bases;
  {
    std::lock_guard lock(mutex);
    for (auto& [number, allocation] : table_) {
      if (allocation.place != Place::kRegistered) bases.push_back(allocation.base);
    }
    table_.clear();
    allocated_ = 0;
  }
  for (void* base : bases) free(base);
}

}  // namespace ingot::cudart
