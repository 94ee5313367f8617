#if defined(__AVX2__)
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

ExpressionKernel expression_kernel_avx2(ScalarOp op) { return ExpressionKernels<Avx2>::find(op); }

}  // namespace ingot
#endif
