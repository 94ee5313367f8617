// Memory of a device that the program gives, in place of the device's own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace ingot {

struct MemorySupply {
  std::function<void*(size_t bytes)> allocate;  // null where there is none; aligned to 256 bytes
  std::function<void(void* address)> release;
  // Makes memory that it gave larger, here or elsewhere; null, and all stays, where it cannot. Empty where it never can.
  std::function<void*(void* address, size_t bytes)> grow;
};

// While it lives, what the calling thread asks a GPU for comes from `supply`, and goes back there when it is released, whoever does that. A
// null supply changes nothing. The memory that a supply has given must outlive neither the supply's functions nor what they call.
class MemoryFrom {
 public:
  explicit MemoryFrom(std::shared_ptr<const MemorySupply> supply);
  ~MemoryFrom();
  MemoryFrom(const MemoryFrom&) = delete;
  MemoryFrom& operator=(const MemoryFrom&) = delete;

  // Of the calling thread; null where the device's own memory serves.
  static const std::shared_ptr<const MemorySupply>& current();

 private:
  std::shared_ptr<const MemorySupply> own_;
  const std::shared_ptr<const MemorySupply>* before_ = nullptr;
};

}  // namespace ingot
