#include "tactics/cpu/depthwise_kernel_body.h"
#include "tactics/cpu/vector_math_bf16.h"

namespace ingot {

DepthwiseKernel bf16::depthwise_kernel(DataType input) {
  return input == DataType::kBf16 ? run_depthwise_row<Bf16Vectors, DataType::kBf16> : avx512::depthwise_kernel(input);
}

}  // namespace ingot
