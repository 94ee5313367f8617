#if defined(__AVX2__)
#include "tactics/cpu/dynamic_loops.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

const DynamicLoops& dynamic_loops_avx2() { return DynamicBody<Avx2>::table(); }

}  // namespace ingot
#endif
