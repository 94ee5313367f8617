// libFuzzer's target for UFF models: any bytes end in a network or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "import/tensorflow/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (bool api : {false, true}) {
    ingot::TfImportOptions options;
    options.most_nodes = 2000;
    options.most_constant_bytes = 1 << 20;
    if (api) {
      options.batch = ingot::Dim::symbol("batch");
      options.four_dims = options.half_weights = true;
      options.inputs["x"] = {{2, 4, 4}, ingot::TfInputOrder::kChannelsFirst};
    }
    ingot::Network network;
    // What was taken is a network in good order.
    if (ingot::import_uff_into({reinterpret_cast<const std::byte*>(data), size}, network, options).ok() && !network.verify().ok())
      std::abort();
  }
  return 0;
}
