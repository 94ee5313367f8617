#if defined(__AVX2__)
#include "tactics/cpu/column_steps_kernels.h"

namespace ingot {

const ColumnSteps& column_steps_avx2() { return ColumnLoops::table(); }

}  // namespace ingot
#endif
