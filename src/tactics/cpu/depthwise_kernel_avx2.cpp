#include "tactics/cpu/depthwise_kernel_body.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

DepthwiseKernel avx2::depthwise_kernel(DataType input) { return depthwise_kernel_of<Avx2>(input); }

}  // namespace ingot
