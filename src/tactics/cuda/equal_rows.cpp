#include "tactics/cuda/equal_rows.h"

#include <algorithm>

#include "tactics/cuda/call.h"

namespace ingot::cuda {
namespace {

constexpr int kBlock = 256;
constexpr int64_t kMostBlocks = 4096;

int64_t blocks_for(int64_t count) { return std::min(ceil_divide(count, kBlock), kMostBlocks); }

Result<KernelFunction> kernel_of(CudaDevice& device, DataType type, const char* name) {
  const std::string word = bits_of(type) % 16 == 0 ? "#define WORD uint16\n" : "#define WORD uint8\n";
  return KernelFunction::make(device, kernel_source("equal_rows", storage_definition("X", type) + word, false), name);
}

}  // namespace

Result<DeviceMemory> equal_rows(CudaDevice& device, DataType type, int64_t rows, int64_t length, unsigned seed) {
  TRY_ASSIGN(const KernelFunction fill, kernel_of(device, type, "fill_rows"));
  TRY_ASSIGN(DeviceMemory memory, device_memory(device, static_cast<size_t>(rows * length * bits_of(type) / 8)));
  long long row_count = rows, row_length = length;
  void* to = memory.get();
  TRY(device.run_now(
      [&](Stream stream) { return fill.launch({blocks_for(rows * length)}, kBlock, stream, to, row_count, row_length, seed); }));
  return memory;
}

Result<bool> has_equal_rows(CudaDevice& device, const void* memory, DataType type, int64_t rows, int64_t length) {
  TRY_ASSIGN(const KernelFunction compare, kernel_of(device, type, "compare_rows"));
  TRY_ASSIGN(const DeviceMemory told, device_memory(device, sizeof(unsigned)));
  long long row_count = rows, words = length * bits_of(type) / (bits_of(type) % 16 == 0 ? 16 : 8);
  void* differs = told.get();
  TRY(device.run_now([&](Stream stream) -> Status {
    TRY(device.queue_zeros(differs, sizeof(unsigned), stream));
    return compare.launch({blocks_for(rows * words)}, kBlock, stream, memory, row_count, words, differs);
  }));
  unsigned found = 0;
  TRY(device.copy(&found, differs, sizeof found, {}));
  return found == 0;
}

}  // namespace ingot::cuda
