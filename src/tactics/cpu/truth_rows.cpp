#include "tactics/cpu/truth_rows.h"

#include "base/cpu_info.h"
#include "tactics/cpu/truth_rows_kernels.h"

namespace ingot {

void TruthTable::set(const uint8_t* function, int inputs) {
  const int count = 1 << inputs;
  for (int p = 0; p < count; ++p) values[p] = products[p] = function[p];
  for (int i = 0; i < inputs; ++i) {
    for (int p = 0; p < count; ++p) {
      if (p >> i & 1) products[p] = static_cast<uint8_t>(products[p] ^ products[p ^ 1 << i]);
    }
  }
}

TruthRow truth_row_portable() { return TruthLoops::row; }

TruthRow truth_row() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return truth_row_avx512();
  if (current_isa() >= Isa::kAvx2) return truth_row_avx2();
#endif
  return truth_row_portable();
}

}  // namespace ingot
