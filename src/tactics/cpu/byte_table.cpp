#include "tactics/cpu/byte_table.h"

#include "base/cpu_info.h"

namespace ingot {

void look_up_bytes(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count) {
  if (current_isa() >= Isa::kVnni && vnni::has_byte_permutes()) return vnni::look_up_bytes(table, x, y, count);
  for (int64_t i = 0; i < count; ++i) y[i] = table[x[i]];
}

}  // namespace ingot
