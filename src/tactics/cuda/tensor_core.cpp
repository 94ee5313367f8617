#include "tactics/cuda/tensor_core.h"

namespace ingot::cuda {

Status has_tensor_cores(const Problem& problem) {
  const DataType type = problem.inputs[0].type;
  REQUIRES(type == DataType::kHalf || type == DataType::kBf16, "the elements are of type " + std::string(name_of(type)));
  TRY_ASSIGN(const CudaDevice* device, device_of(problem));
  REQUIRES(device->compute_capability() >= 80, "the GPU's compute capability is " + std::to_string(device->compute_capability()));
  return Ok{};
}

}  // namespace ingot::cuda
