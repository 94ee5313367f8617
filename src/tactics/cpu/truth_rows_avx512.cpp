#if defined(__AVX512F__)
#include "tactics/cpu/truth_rows_kernels.h"

namespace ingot {

TruthRow truth_row_avx512() { return TruthLoops::row; }

}  // namespace ingot
#endif
