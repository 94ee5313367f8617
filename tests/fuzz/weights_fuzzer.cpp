// libFuzzer's target for files of weights (.wts, .npz, safetensors, .pt, .pth): any bytes end in arrays or an error.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "import/weights/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ingot::WeightLimits limits;
  limits.most_bytes = 1 << 22;
  limits.most_entries = 1000;
  auto weights = ingot::load_weights({reinterpret_cast<const std::byte*>(data), size}, nullptr, limits);
  if (!weights.ok()) return 0;
  // All elements are there to be read.
  unsigned char sum = 0;
  for (const auto& [name, array] : *weights) {
    for (size_t i = 0; i < array.byte_count(); ++i) sum ^= array.as<unsigned char>()[i];
  }
  [[maybe_unused]] static volatile unsigned char seen = 0;
  seen = static_cast<unsigned char>(seen ^ sum);
  return 0;
}
