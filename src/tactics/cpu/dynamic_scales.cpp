#include "tactics/cpu/dynamic_scales.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_info.h"
#include "tactics/cpu/vector_math_portable.h"

namespace ingot {

const DynamicLoops& dynamic_loops() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return dynamic_loops_avx512();
  if (current_isa() >= Isa::kAvx2) return dynamic_loops_avx2();
#endif
  return DynamicBody<Portable>::table();
}

double store_scale(DataType type, double scale, void* to, int64_t index) {
  auto* bytes = static_cast<uint8_t*>(to);
  auto* shorts = static_cast<uint16_t*>(to);
  const auto value = static_cast<float>(scale);
  switch (type) {
    case DataType::kHalf: return static_cast<double>(float_from_half(shorts[index] = half_from_float(value)));
    case DataType::kBf16: return static_cast<double>(float_from_bf16(shorts[index] = bf16_from_float(value)));
    case DataType::kFp8: return static_cast<double>(float_from_fp8(bytes[index] = fp8_from_float(value)));
    case DataType::kE8m0: {
      // The next power of two.
      int exponent = -127;
      if (scale > 0) {
        const double fraction = std::frexp(scale, &exponent);
        exponent = std::isinf(scale) ? 127 : std::clamp(fraction == 0.5 ? exponent - 1 : exponent, -127, 127);
      }
      bytes[index] = static_cast<uint8_t>(exponent + 127);
      return std::ldexp(1.0, exponent);
    }
    default: static_cast<float*>(to)[index] = value; return static_cast<double>(value);
  }
}

bool stores_scales(DataType type) {
  return type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16 || type == DataType::kFp8 ||
         type == DataType::kE8m0;
}

}  // namespace ingot
