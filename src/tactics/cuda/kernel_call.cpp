#include "tactics/cuda/kernel_call.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>

#include "base/load_part.h"

namespace ingot::cuda {

std::string kernel_source(std::string_view name, const std::string& definitions, bool with_scalar_functions) {
  std::string source(kernel_text("prelude"));
  source += kernel_text("parameters");
  source += "\nusing namespace ingot_kernels;\n";
  if (with_scalar_functions) source += kernel_text("scalar_functions");
  source += definitions;
  source += "\n";
  source += kernel_text(name);
  return source;
}

Result<KernelFunction> KernelFunction::make(CudaDevice& device, const std::string& source, const std::string& name, size_t shared_bytes) {
  KernelFunction kernel;
  kernel.device_ = &device;
  kernel.shared_bytes_ = shared_bytes;
  TRY_ASSIGN(kernel.function_, device.function(source, name));
  if (shared_bytes > 0) CUDA_TRY(device.driver(), function_set, kernel.function_, kFunctionMostShared, static_cast<int>(shared_bytes));
  return kernel;
}

Result<CudaDevice*> device_of(const Problem& problem) {
  auto* device = dynamic_cast<CudaDevice*>(problem.device);
  if (!device) return internal("a tactic of the GPU is made ready without its device");
  return device;
}

Result<DeviceMemory> device_memory(CudaDevice& device, size_t bytes) {
  TRY_ASSIGN(void* memory, device.allocate(bytes, 256));
  return DeviceMemory(memory, [&device](void* address) { device.release(address); });
}

Result<DeviceMemory> uploaded(CudaDevice& device, const void* data, size_t bytes) {
  const LoadPart part("the upload of " + std::to_string(bytes) + " bytes");
  TRY_ASSIGN(DeviceMemory memory, device_memory(device, bytes));
  TRY(device.copy(memory.get(), data, bytes, {}));
  return memory;
}

Result<DeviceMemory> uploaded(CudaDevice& device, const Array& array) {
  // Programs that give memory of their own share none of it with others.
  using Key = std::tuple<const CudaDevice*, const MemorySupply*, const void*, size_t>;
  static std::mutex mutex;
  static auto* known = new std::map<Key, std::weak_ptr<void>>;
  const Key key{&device, MemoryFrom::current().get(), array.data(), array.byte_count()};
  std::lock_guard lock(mutex);
  if (const auto entry = known->find(key); entry != known->end()) {
    if (DeviceMemory memory = entry->second.lock()) return memory;
  }
  TRY_ASSIGN(DeviceMemory memory, uploaded(device, array.data(), array.byte_count()));
  // The array is kept beside it, so that its address cannot become that of other bytes. Both go with the last user: what is known of them
  // here would keep what the deleter holds.
  DeviceMemory shared(memory.get(), [memory, kept = array](void*) mutable {
    memory.reset();
    kept = Array();
  });
  (*known)[key] = shared;
  return shared;
}

Result<Operands> Operands::make(CudaDevice& device, const Problem& problem, const std::vector<size_t>& without) {
  Operands operands;
  operands.constants_.resize(problem.inputs.size());
  for (size_t i = 0; i < problem.inputs.size() && i < problem.constants.size(); ++i) {
    if (!problem.constants[i].data() || std::find(without.begin(), without.end(), i) != without.end()) continue;
    TRY_ASSIGN(operands.constants_[i], uploaded(device, problem.constants[i]));
  }
  return operands;
}

Status has_known_types(const Problem& problem) {
  const auto known = [](DataType type) { return bits_of(type) >= 8 && !is_rare_float(type); };
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    REQUIRES(!is_present(problem, i) || known(problem.inputs[i].type),
             "input " + std::to_string(i) + " is of type " + std::string(name_of(problem.inputs[i].type)));
  for (const TensorType& output : problem.outputs)
    REQUIRES(known(output.type), "the output is of type " + std::string(name_of(output.type)));
  return Ok{};
}

Status has_plain_formats(const Problem& problem) {
  const auto plain = [](Format format) { return has_strides(format) && channel_group(format) == 1; };
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!is_present(problem, i)) continue;
    REQUIRES(plain(input_format(problem, i)), "input " + std::to_string(i) + " is " + std::string(name_of(input_format(problem, i))));
    REQUIRES(!is_constant(problem, i) || input_format(problem, i) == Format::kLinear, "a constant is not linear");
  }
  for (size_t i = 0; i < problem.outputs.size(); ++i)
    REQUIRES(plain(output_format(problem, i)), "the output is " + std::string(name_of(output_format(problem, i))));
  return Ok{};
}

Status merge_dims(Shape* sizes, const std::vector<Shape*>& strides) {
  const auto drop = [&](size_t d) {
    sizes->erase(sizes->begin() + static_cast<std::ptrdiff_t>(d));
    for (Shape* list : strides) list->erase(list->begin() + static_cast<std::ptrdiff_t>(d));
  };
  for (size_t d = sizes->size(); d-- > 0;) {
    if ((*sizes)[d] == 1) drop(d);
  }
  for (size_t d = sizes->size(); d-- > 1;) {
    const bool joins =
        std::all_of(strides.begin(), strides.end(), [&](const Shape* list) { return (*list)[d - 1] == (*list)[d] * (*sizes)[d]; });
    if (!joins) continue;
    (*sizes)[d] *= (*sizes)[d - 1];
    drop(d - 1);
  }
  if (sizes->size() > kMostRank) return unsupported("more than " + std::to_string(kMostRank) + " dimensions are left after merging");
  return Ok{};
}

Shape broadcast_strides(const Shape& shape, Format format, const Shape& result) {
  const Shape own = memory_strides(format, shape);
  Shape strides(result.size(), 0);
  const size_t skipped = result.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) strides[skipped + d] = own[d];
  }
  return strides;
}

std::vector<size_t> memory_order(Format format, size_t rank) {
  std::vector<size_t> order(rank);
  std::iota(order.begin(), order.end(), size_t{0});
  if (rank >= 3 && is_channels_last(format)) {
    order.erase(order.begin() + 1);
    order.push_back(1);
  }
  return order;
}

Shape reordered(const Shape& values, const std::vector<size_t>& order) {
  Shape result;
  for (size_t at : order) result.push_back(values[at]);
  return result;
}

}  // namespace ingot::cuda
