#include "tactics/cpu/depthwise_kernel_body.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

DepthwiseKernel avx512::depthwise_kernel(DataType input) { return depthwise_kernel_of<Avx512>(input); }

}  // namespace ingot
