#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

TileKernel tile_kernel_portable(ScalarOp op) { return ExpressionKernels<Portable>::find(op); }

}  // namespace ingot
