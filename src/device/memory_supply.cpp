#include "device/memory_supply.h"

#include <utility>

namespace ingot {
namespace {

// That of the innermost MemoryFrom; null where there is none. A pointer, for what has to be destroyed with its thread is made under the
// dynamic loader's lock, which a library that is being opened keeps for tens of milliseconds.
thread_local const std::shared_ptr<const MemorySupply>* innermost = nullptr;

}  // namespace

MemoryFrom::MemoryFrom(std::shared_ptr<const MemorySupply> supply) : own_(std::move(supply)) {
  if (own_) before_ = std::exchange(innermost, &own_);
}

MemoryFrom::~MemoryFrom() {
  if (own_) innermost = before_;
}

const std::shared_ptr<const MemorySupply>& MemoryFrom::current() {
  static const std::shared_ptr<const MemorySupply> none;
  return innermost ? *innermost : none;
}

}  // namespace ingot
