#if defined(__AVX512F__)
#include "tactics/cpu/dynamic_loops.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

const DynamicLoops& dynamic_loops_avx512() { return DynamicBody<Avx512>::table(); }

}  // namespace ingot
#endif
