#include "base/cpu_info.h"
#include "tactics/cpu/expression_kernels.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

ExpressionKernel expression_kernel_portable(ScalarOp op) { return ExpressionKernels<Portable>::find(op); }

ExpressionKernel expression_kernel(ScalarOp op) {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return expression_kernel_avx512(op);
  if (current_isa() >= Isa::kAvx2) return expression_kernel_avx2(op);
#endif
  return expression_kernel_portable(op);
}

}  // namespace ingot
