#if defined(__AVX512F__)
#include "tactics/cpu/row_kernels_body.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

const RowKernels& row_kernels_avx512() { return RowBody<Avx512>::table(); }
PoolTaps pool_taps_avx512(DataType type, bool average) {
  return average ? RowBody<Avx512>::find_pool<true>(type) : RowBody<Avx512>::find_pool<false>(type);
}
BlendRows blend_rows_avx512() { return RowBody<Avx512>::blend; }

}  // namespace ingot
#endif
