#include "base/float_types.h"

#include <cmath>

namespace ingot {
namespace {

// A format with `mantissa` explicit bits, an exponent of this bias, subnormals, and no special meaning of the top exponent but
// as its caller says. Decodes the magnitude.
float decode(uint32_t magnitude, int mantissa, int bias) {
  const uint32_t exponent = magnitude >> mantissa, fraction = magnitude & ((1u << mantissa) - 1);
  if (exponent == 0) return std::ldexp(static_cast<float>(fraction), 1 - bias - mantissa);
  return std::ldexp(static_cast<float>(fraction | (1u << mantissa)), static_cast<int>(exponent) - bias - mantissa);
}

// The magnitude's bits nearest to |value|, ties to even; may run past the largest, which the caller limits.
uint32_t encode(float magnitude, int mantissa, int bias) {
  if (magnitude == 0) return 0;
  int exponent;
  std::frexp(magnitude, &exponent);
  int stored = exponent - 1 + bias;
  if (stored < 1) stored = 1;  // subnormals share the step of exponent 1
  const double steps = std::ldexp(static_cast<double>(magnitude), mantissa + bias - stored);
  const auto rounded = static_cast<uint32_t>(std::nearbyint(steps));
  return (static_cast<uint32_t>(stored - 1) << mantissa) + rounded;
}

// Of fp8 with one zero and one NaN, which is the pattern of -0.
float decode_fnuz(uint8_t bits, int mantissa, int bias) {
  if (bits == 0x80) return NAN;
  const float value = decode(bits & 0x7fu, mantissa, bias);
  return bits & 0x80 ? -value : value;
}
uint8_t encode_fnuz(float value, int mantissa, int bias, bool saturate) {
  constexpr uint8_t kNan = 0x80, kMost = 0x7f;
  if (std::isnan(value)) return kNan;
  const uint32_t bits = std::isinf(value) ? kMost + 1u : encode(std::fabs(value), mantissa, bias);
  if (bits == 0) return 0;
  if (bits > kMost && !saturate) return kNan;
  return static_cast<uint8_t>((std::signbit(value) ? 0x80 : 0) | (bits > kMost ? kMost : bits));
}

}  // namespace

float float_from_half(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16, magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00) return float_from_bits(sign | 0x7f800000u | ((magnitude & 0x3ff) << 13));
  if (magnitude >= 0x400) return float_from_bits(sign | ((magnitude << 13) + (112u << 23)));
  return float_from_bits(sign | bits_from_float(static_cast<float>(magnitude) * 0x1p-24f));
}

uint16_t half_from_float(float value) {
  const uint32_t bits = bits_from_float(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // rounds beyond 65504
  if (magnitude >= 0x38800000) return static_cast<uint16_t>(sign | ((magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13));
  // Adding 0.5 aligns the value so that the hardware rounds it to a multiple of 2^-24.
  const float aligned = float_from_bits(magnitude) + 0.5f;
  return static_cast<uint16_t>(sign | (bits_from_float(aligned) - bits_from_float(0.5f)));
}

float float_from_fp8(uint8_t bits) {
  const uint32_t magnitude = bits & 0x7f;
  const float value = magnitude == 0x7f ? NAN : decode(magnitude, 3, 7);
  return bits & 0x80 ? -value : value;
}

uint8_t fp8_from_float(float value) {
  const uint8_t sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value)) return sign | 0x7f;
  const float magnitude = std::fabs(value);
  if (magnitude >= 448) return sign | 0x7e;
  const uint32_t bits = encode(magnitude, 3, 7);
  return static_cast<uint8_t>(sign | (bits > 0x7e ? 0x7e : bits));
}

float float_from_fp8_e5m2(uint8_t bits) {
  const uint32_t magnitude = bits & 0x7f;
  float value = magnitude > 0x7c ? NAN : magnitude == 0x7c ? INFINITY : decode(magnitude, 2, 15);
  return bits & 0x80 ? -value : value;
}

uint8_t fp8_e5m2_from_float(float value, bool saturate) {
  const uint8_t sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value)) return sign | 0x7f;
  const float magnitude = std::fabs(value);
  const uint8_t most = saturate ? 0x7b : 0x7c;
  if (std::isinf(value)) return sign | most;
  if (magnitude >= 61440) return sign | most;
  const uint32_t bits = encode(magnitude, 2, 15);
  return static_cast<uint8_t>(sign | (bits > 0x7b ? most : bits));
}

float float_from_fp8_fnuz(uint8_t bits) { return decode_fnuz(bits, 3, 8); }
uint8_t fp8_fnuz_from_float(float value, bool saturate) { return encode_fnuz(value, 3, 8, saturate); }
float float_from_fp8_e5m2_fnuz(uint8_t bits) { return decode_fnuz(bits, 2, 16); }
uint8_t fp8_e5m2_fnuz_from_float(float value, bool saturate) { return encode_fnuz(value, 2, 16, saturate); }

float float_from_fp4(uint8_t bits) {
  const float value = decode(bits & 7, 1, 1);
  return bits & 8 ? -value : value;
}

uint8_t fp4_from_float(float value) {
  const uint8_t sign = std::signbit(value) ? 8 : 0;
  if (std::isnan(value)) return 8;  // there is no NaN; ONNX's casts make it -0
  const float magnitude = std::fabs(value);
  if (magnitude >= 6) return sign | 7;
  const uint32_t bits = encode(magnitude, 1, 1);
  return static_cast<uint8_t>(sign | (bits > 7 ? 7 : bits));
}

float float_from_e8m0(uint8_t bits) { return bits == 0xff ? NAN : std::ldexp(1.0f, static_cast<int>(bits) - 127); }

uint8_t e8m0_from_float(float value) {
  if (std::isnan(value) || value <= 0) return std::isnan(value) ? 0xff : 0;
  if (std::isinf(value)) return 0xfe;
  int exponent;
  const float fraction = std::frexp(value, &exponent);
  const int stored = exponent - 1 + 127 + (fraction >= 0.75f ? 1 : 0);
  return static_cast<uint8_t>(stored < 0 ? 0 : stored > 0xfe ? 0xfe : stored);
}

}  // namespace ingot
