// y[i] = table[x[i]] for bytes.
#pragma once

#include <cstdint>

namespace ingot {

void look_up_bytes(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count);

namespace vnni {
bool has_byte_permutes();
void look_up_bytes(const uint8_t* table, const uint8_t* x, uint8_t* y, int64_t count);
}  // namespace vnni

}  // namespace ingot
