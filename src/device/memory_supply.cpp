#include "device/memory_supply.h"

#include <utility>

namespace ingot {
namespace {

thread_local std::shared_ptr<const MemorySupply> own;

}  // namespace

MemoryFrom::MemoryFrom(std::shared_ptr<const MemorySupply> supply) {
  if (!supply) return;
  before_ = std::exchange(own, std::move(supply));
  is_set_ = true;
}

MemoryFrom::~MemoryFrom() {
  if (is_set_) own = std::move(before_);
}

const std::shared_ptr<const MemorySupply>& MemoryFrom::current() { return own; }

}  // namespace ingot
