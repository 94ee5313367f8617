#if defined(__AVX512F__)
#include "tactics/cpu/random_loops_kernels.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

const RandomLoops& random_loops_avx512() { return RandomBody<Avx512>::table(); }

}  // namespace ingot
#endif
