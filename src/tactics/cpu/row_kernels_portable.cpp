#include "tactics/cpu/row_kernels_body.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

const RowKernels& row_kernels_portable() { return RowBody<Portable>::table(); }
PoolTaps pool_taps_portable(DataType type, bool average) {
  return average ? RowBody<Portable>::find_pool<true>(type) : RowBody<Portable>::find_pool<false>(type);
}
BlendRows blend_rows_portable() { return RowBody<Portable>::blend; }

}  // namespace ingot
