#include "tactics/cpu/random_loops.h"

#include "base/cpu_info.h"
#include "tactics/cpu/random_loops_kernels.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

const RandomLoops& random_loops() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return random_loops_avx512();
  if (current_isa() >= Isa::kAvx2) return random_loops_avx2();
#endif
  return RandomBody<Portable>::table();
}

}  // namespace ingot
