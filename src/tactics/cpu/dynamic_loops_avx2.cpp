#if defined(__AVX2__)
#include "tactics/cpu/dynamic_loops.h"

namespace ingot {

const DynamicLoops& dynamic_loops_avx2() { return DynamicBody::table(); }

}  // namespace ingot
#endif
