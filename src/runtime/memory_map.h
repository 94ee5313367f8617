// Where activations lie in the arena: offsets such that no two live tensors overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ingot {

struct Lifetime {
  size_t bytes = 0;
  int first = 0, last = 0;  // the steps that write and last read it, both included
};

struct MemoryMap {
  std::vector<size_t> offsets;  // by lifetime
  size_t bytes = 0;             // of the arena
  size_t lower_bound = 0;       // the largest sum of live tensors: no map can be smaller
};

// Tries several greedy orders, then changes them where they end above the bound, and keeps the smallest.
MemoryMap map_memory(const std::vector<Lifetime>& lifetimes, size_t alignment = 64);

}  // namespace ingot
