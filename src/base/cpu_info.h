// What the CPU offers, capped by INGOT_ISA.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot {

// Each level includes those before it: kVnni has AVX-512 F/BW/DQ/VL + VNNI, kBf16 adds AVX512_BF16, kAmx adds the tile unit.
enum class Isa : int { kPortable, kAvx2, kAvx512, kVnni, kBf16, kAmx };

std::string_view name_of(Isa isa);
Result<Isa> isa_from_name(std::string_view name);
// The best level of this machine, capped by INGOT_ISA (read once).
Isa current_isa();
// The best level of this machine, whatever INGOT_ISA says.
Isa machine_isa();
// For tests: caps the level for the whole process; kAmx lifts the cap.
void cap_isa(Isa isa);
// "AMD EPYC ...": the model name, for logs and timing-cache keys.
const std::string& cpu_name();
int64_t l2_bytes();  // per core; 1 MiB where unknown

}  // namespace ingot
