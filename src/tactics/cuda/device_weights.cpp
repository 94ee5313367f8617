#include "tactics/cuda/device_weights.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "tactics/cuda/boxes.h"

namespace ingot::cuda {

Result<DeviceMemory> uploaded_permuted(CudaDevice& device, const Array& array, const Shape& shape, const std::vector<size_t>& order) {
  if (std::is_sorted(order.begin(), order.end()) || array.count() == 0) return uploaded(device, array);
  using Key = std::tuple<const CudaDevice*, const void*, Shape, std::vector<size_t>>;
  static std::mutex mutex;
  static auto* known = new std::map<Key, std::weak_ptr<void>>;
  const Key key{&device, array.data(), shape, order};
  std::lock_guard lock(mutex);
  if (const auto entry = known->find(key); entry != known->end()) {
    if (DeviceMemory memory = entry->second.lock()) return memory;
  }
  TRY_ASSIGN(const DeviceMemory plain, uploaded(device, array));
  TRY_ASSIGN(DeviceMemory memory, device_memory(device, array.byte_count()));
  const Shape result = reordered(shape, order);
  BoxCopies copies;
  TRY(copies.add(0, static_cast<int>(bits_of(array.type()) / 8), result, 0, reordered(row_major_strides(shape), order), 0,
                 row_major_strides(result)));
  TRY_ASSIGN(const DeviceBoxes boxes, DeviceBoxes::make(device, copies));
  const void* from = plain.get();
  TRY(device.run_now([&](Stream stream) { return boxes.run(&from, memory.get(), stream); }));
  // The array is kept beside it, so that its address cannot become that of other bytes.
  DeviceMemory shared(memory.get(), [memory, array](void*) {});
  (*known)[key] = shared;
  return shared;
}

Result<DeviceMemory> uploaded_taps_first(CudaDevice& device, const Array& weights) {
  const Shape& w = weights.shape();
  return uploaded_permuted(device, weights, {w[0], w[1], weights.count() / std::max<int64_t>(1, w[0] * w[1])}, {0, 2, 1});
}

}  // namespace ingot::cuda
