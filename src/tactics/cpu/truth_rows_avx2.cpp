#if defined(__AVX2__)
#include "tactics/cpu/truth_rows_kernels.h"

namespace ingot {

TruthRow truth_row_avx2() { return TruthLoops::row; }

}  // namespace ingot
#endif
