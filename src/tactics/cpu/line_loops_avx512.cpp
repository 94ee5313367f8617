#if defined(__AVX512F__)
#include "tactics/cpu/line_loops_kernels.h"

namespace ingot {

const LineLoops& line_loops_avx512() { return LineBody::table(); }

}  // namespace ingot
#endif
