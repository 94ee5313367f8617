#if defined(__AVX2__)
#include "tactics/cpu/line_loops_kernels.h"

namespace ingot {

const LineLoops& line_loops_avx2() { return LineBody::table(); }

}  // namespace ingot
#endif
