// Box copies on the GPU: what transposes, reformats, slices, concatenations, paddings and broadcasts are.
#pragma once

#include "tactics/cpu/box_copies.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

class DeviceBoxes {
 public:
  static Result<DeviceBoxes> make(CudaDevice& device, const BoxCopies& copies);
  // `inputs` by index, addresses of the device.
  Status run(const void* const* inputs, void* to, Stream stream) const;

 private:
  struct Box {
    enum class Kind { kBytes, kCopy, kFill, kTranspose } kind = Kind::kCopy;
    KernelFunction wide, single;  // `single` where the addresses are not aligned for wider elements
    CopyParameters in_wide{}, in_single{};
    GridSize wide_grid, single_grid;
    size_t input = 0, alignment = 1;
    int64_t from_offset = 0, to_offset = 0;  // bytes
    size_t bytes = 0;                        // of kBytes
  };
  CudaDevice* device_ = nullptr;
  std::vector<Box> boxes_;
};

}  // namespace ingot::cuda
