#if defined(__AVX2__)
#include "tactics/cpu/random_loops_kernels.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

const RandomLoops& random_loops_avx2() { return RandomBody<Avx2>::table(); }

}  // namespace ingot
#endif
