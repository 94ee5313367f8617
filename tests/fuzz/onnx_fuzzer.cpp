// libFuzzer's target for ONNX models: any bytes end in a network or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "import/onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ingot::OnnxImportOptions options;
  options.most_nodes = 2000;
  options.most_folded_bytes = 1 << 24;
  auto network = ingot::import_onnx({reinterpret_cast<const std::byte*>(data), size}, "", options);
  // What was taken is a network in good order.
  if (network.ok() && !(*network)->verify().ok()) std::abort();
  return 0;
}
