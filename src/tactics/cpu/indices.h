// Indices of 32 or 64 bits, and what tactics that gather and scatter do with those that lie outside.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "tactics/tactic.h"

namespace ingot {

struct Indices {
  const void* data;
  bool wide;  // int64
  int64_t operator[](int64_t i) const { return wide ? static_cast<const int64_t*>(data)[i] : static_cast<const int32_t*>(data)[i]; }
};

// Remembers one wrong index of a run, for its error; any thread may report.
class WrongIndex {
 public:
  // The place that an index means, negative ones from the end; 0, and a report, where it is outside of [-length, length).
  int64_t checked(int64_t index, int64_t length, int64_t at) {
    if (index < 0) index += length;
    if (static_cast<uint64_t>(index) < static_cast<uint64_t>(length)) return index;
    at_.store(at, std::memory_order_relaxed);
    return 0;
  }
  bool any() const { return at_.load(std::memory_order_relaxed) >= 0; }
  Status status(const char* who, const Indices& indices) const {
    if (!any()) return Ok{};
    const int64_t at = at_.load(std::memory_order_relaxed);
    return invalid(std::string(who) + ": index " + std::to_string(indices[at]) + " at position " + std::to_string(at) +
                   " lies outside of the data");
  }

 private:
  std::atomic<int64_t> at_{-1};
};

}  // namespace ingot
