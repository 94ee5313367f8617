#include "api/adapters/plan_memory.h"

#include <cstring>

#include "api/adapters/gpu_allocator.h"
#include "api/adapters/plugin_plans.h"

namespace ingot::api {
namespace {

constexpr size_t kAlignment = 256;

}  // namespace

Result<AlignedBytes> keep_plan(Bytes bytes, nvinfer1::IGpuAllocator* allocator, const Device& device) {
  if (!allocator || device.kind() != DeviceKind::kCpu) return copy_aligned(bytes);
  const auto supply = supply_of(allocator);
  void* memory = supply->allocate(bytes.size() + kAlignment);
  if (!memory) return out_of_memory("the allocator has no " + std::to_string(bytes.size()) + " bytes for the plan");
  const std::shared_ptr<std::byte> held(static_cast<std::byte*>(memory), [supply](std::byte* address) { supply->release(address); });
  if (reinterpret_cast<uintptr_t>(memory) % kAlignment != 0)
    return invalid("the allocator's memory for the plan is not aligned to " + std::to_string(kAlignment) + " bytes");
  std::memcpy(memory, bytes.data(), bytes.size());
  return AlignedBytes{held, bytes.size()};
}

Result<Plan> moved_plan(Plan plan, nvinfer1::IGpuAllocator* allocator, const Device& device) {
  TRY_ASSIGN(const std::vector<std::byte> bytes, write_plan(plan));
  TRY_ASSIGN(const AlignedBytes kept, keep_plan(Bytes(bytes), allocator, device));
  TRY_ASSIGN(Plan moved, read_plan(Bytes(kept.data.get(), kept.size), kept.data));
  TRY(hand_over_plugins(*plan.network, *moved.network));
  return moved;
}

}  // namespace ingot::api
