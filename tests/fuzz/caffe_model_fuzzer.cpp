// libFuzzer's target for the weights of Caffe models and its mean files: any bytes end in a network or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "import/caffe/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // One layer of each kind that reads weights.
  static constexpr std::string_view kDeploy = R"(
    input: "x" input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4
    layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 2 kernel_size: 3 } }
    layer { name: "b" type: "BatchNorm" bottom: "c" top: "c" }
    layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
    layer { name: "p" type: "PReLU" bottom: "c" top: "c" }
    layer { name: "n" type: "Normalize" bottom: "c" top: "c" }
    layer { name: "d" type: "Deconvolution" bottom: "c" top: "d" convolution_param { num_output: 1 kernel_size: 2 } }
    layer { name: "i" type: "InnerProduct" bottom: "d" top: "i" inner_product_param { num_output: 3 } })";
  const ingot::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  for (bool half : {false, true}) {
    ingot::CaffeImportOptions options;
    options.half_weights = half;
    auto network = ingot::import_caffe({reinterpret_cast<const std::byte*>(kDeploy.data()), kDeploy.size()}, &bytes, options);
    if (network.ok() && !(*network)->verify().ok()) std::abort();
  }
  auto blob = ingot::read_caffe_blob(bytes);
  if (blob.ok() && blob->rank() != 4) std::abort();
  return 0;
}
