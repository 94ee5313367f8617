#include "tactics/cpu/column_steps.h"

#include "base/cpu_info.h"
#include "tactics/cpu/column_steps_kernels.h"

namespace ingot {

const ColumnSteps& column_steps_portable() { return ColumnLoops::table(); }

const ColumnSteps& column_steps() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return column_steps_avx512();
  if (current_isa() >= Isa::kAvx2) return column_steps_avx2();
#endif
  return column_steps_portable();
}

}  // namespace ingot
