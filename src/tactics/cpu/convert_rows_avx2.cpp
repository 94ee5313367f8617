#if defined(__AVX2__)
#include "tactics/cpu/convert_loops.h"
#include "tactics/cpu/convert_rows_kernels.h"
#include "tactics/cpu/vector_math_avx2.h"

namespace ingot {

LoadRow load_row_avx2(DataType type) { return vector_load_row<Avx2>(type); }
StoreRow store_row_avx2(DataType type) { return vector_store_row<Avx2>(type); }
const ConvertLoops& convert_loops_avx2() {
  static const ConvertLoops kTable = [] {
    ConvertLoops loops = ConvertBody::table();
    loops.quantize = find_vector_quantize<Avx2>;
    return loops;
  }();
  return kTable;
}

}  // namespace ingot
#endif
