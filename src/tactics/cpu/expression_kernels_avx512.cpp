#if defined(__AVX512F__)
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

ExpressionKernel expression_kernel_avx512(ScalarOp op) { return ExpressionKernels<Avx512>::find(op); }

}  // namespace ingot
#endif
