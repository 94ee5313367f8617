// Small floating-point formats as bit patterns, converted with round half to even.
#pragma once

#include <cstdint>
#include <cstring>

namespace ingot {

inline float float_from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline uint32_t bits_from_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

inline float float_from_bf16(uint16_t bits) { return float_from_bits(uint32_t{bits} << 16); }
inline uint16_t bf16_from_float(float value) {
  uint32_t bits = bits_from_float(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);  // keep NaN quiet
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float float_from_half(uint16_t bits);
uint16_t half_from_float(float value);
float float_from_fp8(uint8_t bits);   // E4M3FN
uint8_t fp8_from_float(float value);  // saturates at 448; NaN stays NaN
float float_from_fp8_e5m2(uint8_t bits);
uint8_t fp8_e5m2_from_float(float value, bool saturate = true);
// The same with one zero, no infinity, and NaN as 0x80: E4M3FNUZ up to 240, E5M2FNUZ up to 57344. Without saturation what is larger is NaN.
float float_from_fp8_fnuz(uint8_t bits);
uint8_t fp8_fnuz_from_float(float value, bool saturate = true);
float float_from_fp8_e5m2_fnuz(uint8_t bits);
uint8_t fp8_e5m2_fnuz_from_float(float value, bool saturate = true);
float float_from_fp4(uint8_t bits);
uint8_t fp4_from_float(float value);  // saturates at 6; NaN becomes -0
float float_from_e8m0(uint8_t bits);
uint8_t e8m0_from_float(float value);  // rounds to the nearest power of two

// Typed wrappers, so that templates over element types need no switch.
struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float value) : bits(half_from_float(value)) {}
  operator float() const { return float_from_half(bits); }
};
struct Bf16 {
  uint16_t bits = 0;
  Bf16() = default;
  explicit Bf16(float value) : bits(bf16_from_float(value)) {}
  operator float() const { return float_from_bf16(bits); }
};

}  // namespace ingot
