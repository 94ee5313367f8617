#include "tactics/cpu/integer_tiles_kernels.h"

namespace ingot {

const IntegerTiles& integer_tiles_portable() { return IntegerLoops::table(); }

}  // namespace ingot
