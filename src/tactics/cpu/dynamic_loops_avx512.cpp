#if defined(__AVX512F__)
#include "tactics/cpu/dynamic_loops.h"

namespace ingot {

const DynamicLoops& dynamic_loops_avx512() { return DynamicBody::table(); }

}  // namespace ingot
#endif
