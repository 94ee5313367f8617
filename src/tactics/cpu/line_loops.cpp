#include "tactics/cpu/line_loops.h"

#include "base/cpu_info.h"
#include "tactics/cpu/line_loops_kernels.h"

namespace ingot {

const LineLoops& line_loops() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return line_loops_avx512();
  if (current_isa() >= Isa::kAvx2) return line_loops_avx2();
#endif
  return LineBody::table();
}

}  // namespace ingot
