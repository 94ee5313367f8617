#if defined(__AVX512F__)
#include "tactics/cpu/integer_tiles_kernels.h"

namespace ingot {

const IntegerTiles& integer_tiles_avx512() { return IntegerLoops::table(); }

}  // namespace ingot
#endif
