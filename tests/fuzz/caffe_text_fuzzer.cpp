// libFuzzer's target for Caffe definitions: any text ends in a network or an error. Weights are made up.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "import/caffe/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ingot::CaffeImportOptions options;
  options.most_random_bytes = 1 << 20;
  options.most_layers = 500;
  auto network = ingot::import_caffe({reinterpret_cast<const std::byte*>(data), size}, nullptr, options);
  // What was taken is a network in good order.
  if (network.ok() && !(*network)->verify().ok()) std::abort();
  return 0;
}
