#if defined(__AVX2__)
#include "tactics/cpu/integer_tiles_kernels.h"

namespace ingot {

const IntegerTiles& integer_tiles_avx2() { return IntegerLoops::table(); }

}  // namespace ingot
#endif
