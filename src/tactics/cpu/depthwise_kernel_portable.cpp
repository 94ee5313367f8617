#include "tactics/cpu/depthwise_kernel_body.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

DepthwiseKernel portable::depthwise_kernel(DataType input) { return depthwise_kernel_of<Portable>(input); }

}  // namespace ingot
