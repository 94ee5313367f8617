#if defined(__AVX512F__)
#include "tactics/cpu/convert_loops.h"
#include "tactics/cpu/convert_rows_kernels.h"
#include "tactics/cpu/vector_math_avx512.h"

namespace ingot {

LoadRow load_row_avx512(DataType type) { return vector_load_row<Avx512>(type); }
StoreRow store_row_avx512(DataType type) { return vector_store_row<Avx512>(type); }
const ConvertLoops& convert_loops_avx512() {
  static const ConvertLoops kTable = [] {
    ConvertLoops loops = ConvertBody::table();
    loops.quantize = find_vector_quantize<Avx512>;
    return loops;
  }();
  return kTable;
}

}  // namespace ingot
#endif
