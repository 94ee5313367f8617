#if defined(__AVX512F__)
#include "tactics/cpu/column_steps_kernels.h"

namespace ingot {

const ColumnSteps& column_steps_avx512() { return ColumnLoops::table(); }

}  // namespace ingot
#endif
