// What CUDA tactics share: their kernels' sources, constants in the device's memory, and launching.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/cuda/cuda_device.h"
#include "tactics/cuda/kernels/parameters.h"
#include "tactics/layout.h"
#include "tactics/tactic.h"

namespace ingot::cuda {

using namespace ingot_kernels;

// The text of kernels/<name>.cu (or .h); the build puts them into the library.
std::string_view kernel_text(std::string_view name);
std::vector<std::string> kernel_names();
// Prelude, parameters, `definitions` and the kernel's text: what is compiled.
std::string kernel_source(std::string_view name, const std::string& definitions, bool with_scalar_functions = false);

// A kernel of a device; launching it copies the arguments.
class KernelFunction {
 public:
  KernelFunction() = default;
  // `shared_bytes` of dynamic shared memory a block.
  static Result<KernelFunction> make(CudaDevice& device, const std::string& source, const std::string& name, size_t shared_bytes = 0);
  template <class... Arguments>
  Status launch(GridSize grid, int block, Stream stream, const Arguments&... arguments) const {
    void* addresses[] = {const_cast<void*>(static_cast<const void*>(&arguments))...};
    return device_->launch(function_, grid, block, shared_bytes_, addresses, stream);
  }
  explicit operator bool() const { return function_ != nullptr; }

 private:
  CudaDevice* device_ = nullptr;
  CuFunction function_ = nullptr;
  size_t shared_bytes_ = 0;
};

// The device that the problem is made ready for.
Result<CudaDevice*> device_of(const Problem& problem);

// Memory of the device that lives as long as its owners.
using DeviceMemory = std::shared_ptr<void>;
Result<DeviceMemory> device_memory(CudaDevice& device, size_t bytes);
Result<DeviceMemory> uploaded(CudaDevice& device, const void* data, size_t bytes);
// The array's elements, row-major; users of the same bytes share them.
Result<DeviceMemory> uploaded(CudaDevice& device, const Array& array);

// Inputs of a launch: constants in the device's memory, others where the run says.
class Operands {
 public:
  // Without constants that the tactic keeps in a form of its own.
  static Result<Operands> make(CudaDevice& device, const Problem& problem, const std::vector<size_t>& without = {});
  const void* at(const RunArguments& arguments, size_t input) const {
    return input < constants_.size() && constants_[input] ? constants_[input].get() : arguments.inputs[input];
  }
  void set(size_t input, DeviceMemory memory) { constants_[input] = std::move(memory); }

 private:
  std::vector<DeviceMemory> constants_;
};

// Element types that kernels know; `inputs` of the problem and all outputs.
Status has_known_types(const Problem& problem);
// Formats with strides: linear and channels-last without groups.
Status has_plain_formats(const Problem& problem);

// Merges neighbouring dims that all operands walk as one, drops those of size 1, and orders by nothing: dims stay outermost first.
// sizes and each list of strides have one entry a dim. An error where more than kMostRank are left.
Status merge_dims(Shape* sizes, const std::vector<Shape*>& strides);
// Strides of `shape` in `format`, aligned to the right of `rank` dims; 0 where it is broadcast.
Shape broadcast_strides(const Shape& shape, Format format, const Shape& result);
// The dims of `format` from outermost to innermost in memory.
std::vector<size_t> memory_order(Format format, size_t rank);
Shape reordered(const Shape& values, const std::vector<size_t>& order);

// Libraries ask for more than the 64 bytes that workspaces are aligned to; a launch asks for as many bytes more.
constexpr size_t kWorkspaceAlignment = 256;
inline void* aligned_workspace(void* workspace) {
  return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(workspace) + kWorkspaceAlignment - 1) / kWorkspaceAlignment *
                                 kWorkspaceAlignment);
}

inline int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A tactic of the GPU.
struct CudaTactic : Tactic {
  DeviceKind device() const override { return DeviceKind::kCuda; }
};
// Tactics that are numbered: T(0) to T(count - 1).
template <class T>
void add_ranked(TacticCatalogue& catalogue, int count) {
  for (int rank = 0; rank < count; ++rank) catalogue.add(std::make_unique<T>(rank));
}

}  // namespace ingot::cuda
