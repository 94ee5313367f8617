#if defined(__AVX2__)
#include "tactics/cpu/row_kernels_body.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

const RowKernels& row_kernels_avx2() { return RowBody<Avx2>::table(); }
PoolTaps pool_taps_avx2(DataType type, bool average) {
  return average ? RowBody<Avx2>::find_pool<true>(type) : RowBody<Avx2>::find_pool<false>(type);
}
BlendRows blend_rows_avx2() { return RowBody<Avx2>::blend; }

}  // namespace ingot
#endif
