#include "tactics/cpu/row_kernels.h"

#include "base/cpu_info.h"

namespace ingot {

const RowKernels& row_kernels() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return row_kernels_avx512();
  if (current_isa() >= Isa::kAvx2) return row_kernels_avx2();
#endif
  return row_kernels_portable();
}

PoolTaps pool_taps(DataType type, bool average) {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return pool_taps_avx512(type, average);
  if (current_isa() >= Isa::kAvx2) return pool_taps_avx2(type, average);
#endif
  return pool_taps_portable(type, average);
}

BlendRows blend_rows() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return blend_rows_avx512();
  if (current_isa() >= Isa::kAvx2) return blend_rows_avx2();
#endif
  return blend_rows_portable();
}

}  // namespace ingot
