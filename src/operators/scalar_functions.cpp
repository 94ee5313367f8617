#include "operators/scalar_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot {
namespace {

// log(1 + e^x) without overflow.
double log_one_plus_exp(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double clamp(double x, double least, double most) { return x < least ? least : x > most ? most : x; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
// Minimum and maximum let NaN through from either side.
double least_of(double x, double y) { return std::isnan(x) || x < y ? x : y; }
double greatest_of(double x, double y) { return std::isnan(x) || x > y ? x : y; }

double modulo(double x, double y) {
  const double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

double is_infinite(double x, double a) { return std::isinf(x) && (a == 0 || (a > 0) == (x > 0)); }

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

// Works on T = int64_t or uint64_t; signed arithmetic goes through uint64_t, where wrapping around is defined.
template <class T>
T power(T base, T exponent) {
  if (std::is_signed_v<T> && exponent < 0) {
    if (base == 1) return 1;
    return base == static_cast<T>(-1) ? (exponent % 2 == 0 ? 1 : static_cast<T>(-1)) : 0;
  }
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (auto left = static_cast<uint64_t>(exponent); left != 0; left >>= 1) {
    if (left & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}

template <class T>
T clip_integer(T x, double a, double b) {
  // Bounds that lie outside T do not bind.
  const auto lowest = static_cast<double>(std::numeric_limits<T>::min()), highest = static_cast<double>(std::numeric_limits<T>::max());
  if (a > lowest && a < highest && x < static_cast<T>(std::ceil(a))) x = static_cast<T>(std::ceil(a));
  if (b < highest && b > lowest && x > static_cast<T>(std::floor(b))) x = static_cast<T>(std::floor(b));
  if (b <= lowest) x = std::numeric_limits<T>::min();
  return x;
}

template <class T>
T compute_wide(ScalarOp op, int bits, T x, T y, T z, double a, double b) {
  const auto ux = static_cast<uint64_t>(x), uy = static_cast<uint64_t>(y);
  const bool overflows = std::is_signed_v<T> && y == static_cast<T>(-1);  // the quotient may not fit; the remainder is 0
  switch (op) {
    case ScalarOp::kIdentity:
    case ScalarOp::kFloor:
    case ScalarOp::kCeil:
    case ScalarOp::kRound:
    case ScalarOp::kCast: return x;
    case ScalarOp::kAbs: return x < 0 ? static_cast<T>(0 - ux) : x;
    case ScalarOp::kNeg: return static_cast<T>(0 - ux);
    case ScalarOp::kSign: return x > 0 ? 1 : x < 0 ? static_cast<T>(-1) : 0;
    case ScalarOp::kRelu: return x < 0 ? 0 : x;
    case ScalarOp::kNot: return x == 0;
    case ScalarOp::kBitNot: return static_cast<T>(~ux);
    case ScalarOp::kClip: return clip_integer(x, a, b);
    case ScalarOp::kAdd: return static_cast<T>(ux + uy);
    case ScalarOp::kSub: return static_cast<T>(ux - uy);
    case ScalarOp::kMul: return static_cast<T>(ux * uy);
    case ScalarOp::kSumOfSquares: return static_cast<T>(ux * ux + uy * uy);
    case ScalarOp::kDiv: return y == 0 ? 0 : overflows ? static_cast<T>(0 - ux) : x / y;
    case ScalarOp::kFloorDiv:
      if (y == 0) return 0;
      if (overflows) return static_cast<T>(0 - ux);
      return x / y - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0);
    case ScalarOp::kMod:
      if (y == 0 || overflows) return 0;
      return x % y + (x % y != 0 && (x < 0) != (y < 0) ? y : 0);
    case ScalarOp::kFmod: return y == 0 || overflows ? 0 : x % y;
    case ScalarOp::kPow: return power(x, y);
    case ScalarOp::kMin: return x < y ? x : y;
    case ScalarOp::kMax: return x > y ? x : y;
    case ScalarOp::kPrelu: return x < 0 ? static_cast<T>(ux * uy) : x;
    case ScalarOp::kAnd: return x != 0 && y != 0;
    case ScalarOp::kOr: return x != 0 || y != 0;
    case ScalarOp::kXor: return (x != 0) != (y != 0);
    case ScalarOp::kBitAnd: return x & y;
    case ScalarOp::kBitOr: return x | y;
    case ScalarOp::kBitXor: return x ^ y;
    case ScalarOp::kShiftLeft: return uy >= static_cast<uint64_t>(bits) ? 0 : static_cast<T>(ux << uy);
    case ScalarOp::kShiftRight: return uy >= static_cast<uint64_t>(bits) ? (x < 0 ? static_cast<T>(-1) : 0) : x >> uy;
    case ScalarOp::kEqual: return x == y;
    case ScalarOp::kLess: return x < y;
    case ScalarOp::kGreater: return x > y;
    case ScalarOp::kLessEqual: return x <= y;
    case ScalarOp::kGreaterEqual: return x >= y;
    case ScalarOp::kSelect: return x != 0 ? y : z;
    default: return 0;  // floating-point functions never get here: infer refuses them
  }
}

}  // namespace

double snap_to_int8(double x, double scale) {
  // The quotient is one of floats, as that of Quantize.
  const double quotient = static_cast<float>(x) / static_cast<float>(scale);
  return std::isnan(quotient) ? 0 : scale * std::clamp(std::nearbyint(quotient), -128.0, 127.0);
}

double compute_real(ScalarOp op, double x, double y, double z, double a, double b) {
  switch (op) {
    case ScalarOp::kIdentity:
    case ScalarOp::kCast:
    case ScalarOp::kCount: return x;
    case ScalarOp::kAbs: return std::fabs(x);
    case ScalarOp::kNeg: return -x;
    case ScalarOp::kExp: return std::exp(x);
    case ScalarOp::kLog: return std::log(x);
    case ScalarOp::kSqrt: return std::sqrt(x);
    case ScalarOp::kReciprocal: return 1 / x;
    case ScalarOp::kSin: return std::sin(x);
    case ScalarOp::kCos: return std::cos(x);
    case ScalarOp::kTan: return std::tan(x);
    case ScalarOp::kAsin: return std::asin(x);
    case ScalarOp::kAcos: return std::acos(x);
    case ScalarOp::kAtan: return std::atan(x);
    case ScalarOp::kSinh: return std::sinh(x);
    case ScalarOp::kCosh: return std::cosh(x);
    case ScalarOp::kAsinh: return std::asinh(x);
    case ScalarOp::kAcosh: return std::acosh(x);
    case ScalarOp::kAtanh: return std::atanh(x);
    case ScalarOp::kErf: return std::erf(x);
    case ScalarOp::kFloor: return std::floor(x);
    case ScalarOp::kCeil: return std::ceil(x);
    case ScalarOp::kRound: return std::nearbyint(x);
    case ScalarOp::kSign: return sign(x);
    case ScalarOp::kNot: return x == 0;
    case ScalarOp::kIsInf: return is_infinite(x, a);
    case ScalarOp::kIsNan: return std::isnan(x);
    case ScalarOp::kRelu: return x < 0 ? 0 : x;
    case ScalarOp::kSigmoid: return sigmoid(x);
    case ScalarOp::kTanh: return std::tanh(x);
    case ScalarOp::kSoftsign: return x / (1 + std::fabs(x));
    case ScalarOp::kGelu: return 0.5 * x * std::erfc(-x * kSqrtHalf);
    case ScalarOp::kGeluTanh: return 0.5 * x * (1 + std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
    case ScalarOp::kSilu: return x * sigmoid(x);
    case ScalarOp::kMish: return x * std::tanh(log_one_plus_exp(x));
    case ScalarOp::kHardSwish: return x * clamp(x / 6 + 0.5, 0, 1);
    case ScalarOp::kLeakyRelu: return x < 0 ? a * x : x;
    case ScalarOp::kElu: return x < 0 ? a * std::expm1(x) : x;
    case ScalarOp::kSelu: return b * (x < 0 ? a * std::expm1(x) : x);
    case ScalarOp::kCelu: return x < 0 ? a * std::expm1(x / a) : x;
    case ScalarOp::kSoftplus: return b * log_one_plus_exp(a * x);
    case ScalarOp::kClip: return least_of(greatest_of(x, a), b);
    case ScalarOp::kHardSigmoid: return clamp(a * x + b, 0, 1);
    case ScalarOp::kScaledTanh: return a * std::tanh(b * x);
    case ScalarOp::kThresholdedRelu: return x > a ? x : 0;
    case ScalarOp::kShrink: return x < -a ? x + b : x > a ? x - b : 0;
    case ScalarOp::kAffine: return a * x + b;
    case ScalarOp::kSwish: return x * sigmoid(a * x);
    case ScalarOp::kSnap: return snap_to_int8(x, a);
    case ScalarOp::kAdd: return x + y;
    case ScalarOp::kSub: return x - y;
    case ScalarOp::kMul: return x * y;
    case ScalarOp::kDiv: return x / y;
    case ScalarOp::kPow: return std::pow(x, y);
    case ScalarOp::kMin: return std::isnan(y) ? y : least_of(x, y);
    case ScalarOp::kMax: return std::isnan(y) ? y : greatest_of(x, y);
    case ScalarOp::kFloorDiv: return std::floor(x / y);
    case ScalarOp::kMod: return modulo(x, y);
    case ScalarOp::kFmod: return std::fmod(x, y);
    case ScalarOp::kAnd: return x != 0 && y != 0;
    case ScalarOp::kOr: return x != 0 || y != 0;
    case ScalarOp::kXor: return (x != 0) != (y != 0);
    case ScalarOp::kEqual: return x == y;
    case ScalarOp::kLess: return x < y;
    case ScalarOp::kGreater: return x > y;
    case ScalarOp::kLessEqual: return x <= y;
    case ScalarOp::kGreaterEqual: return x >= y;
    case ScalarOp::kPrelu: return x < 0 ? x * y : x;
    case ScalarOp::kSumOfSquares: return x * x + y * y;
    case ScalarOp::kSelect: return x != 0 ? y : z;
    case ScalarOp::kBitNot:
    case ScalarOp::kBitAnd:
    case ScalarOp::kBitOr:
    case ScalarOp::kBitXor:
    case ScalarOp::kShiftLeft:
    case ScalarOp::kShiftRight: return 0;  // integers only: infer refuses them
  }
  return 0;
}

int64_t wrap_integer(DataType type, int64_t value) {
  const int bits = bits_of(type);
  if (type == DataType::kBool) return value != 0;
  if (bits >= 64) return value;
  const uint64_t low = static_cast<uint64_t>(value) << (64 - bits);
  return is_signed(type) ? static_cast<int64_t>(low) >> (64 - bits) : static_cast<int64_t>(low >> (64 - bits));
}

int64_t compute_integer(ScalarOp op, DataType type, int64_t x, int64_t y, int64_t z, double a, double b) {
  const int bits = bits_of(type);
  if (type != DataType::kUint64) return wrap_integer(type, compute_wide<int64_t>(op, bits, x, y, z, a, b));
  return static_cast<int64_t>(
      compute_wide<uint64_t>(op, bits, static_cast<uint64_t>(x), static_cast<uint64_t>(y), static_cast<uint64_t>(z), a, b));
}

namespace {

// The bits of the power of two next to a positive number.
uint8_t power_of_two(double value, CastRules::Rounding rounding) {
  if (std::isnan(value)) return 0xff;
  if (value <= 0) return 0;
  if (std::isinf(value)) return 0xfe;
  if (rounding == CastRules::kNearest) return e8m0_from_float(static_cast<float>(value));
  int exponent;
  const double fraction = std::frexp(value, &exponent);  // value = fraction * 2^exponent, fraction in [0.5, 1)
  const int stored = exponent + 126 + (rounding == CastRules::kUp && fraction > 0.5 ? 1 : 0);
  return static_cast<uint8_t>(stored < 0 ? 0 : stored > 0xfe ? 0xfe : stored);
}

}  // namespace

void cast_element(const Array& from, int64_t from_index, Array& to, int64_t to_index, const CastRules& rules) {
  const DataType type = to.type();
  if (!is_floating(from.type()) && !is_floating(type)) return to.set_integer(to_index, wrap_integer(type, from.integer(from_index)));
  const double value = from.number(from_index);
  if (type == DataType::kBool) return to.set_integer(to_index, value != 0);
  if (is_integer(type)) {
    const double whole = std::isnan(value) ? 0 : std::trunc(value);
    if (bits_of(type) < 8) return to.set_integer(to_index, wrap_integer(type, static_cast<int64_t>(std::fmod(whole, 16))));
    return to.set_number(to_index, whole);
  }
  if (type == DataType::kE8m0) {
    to.as_mutable<uint8_t>()[to_index] = power_of_two(value, rules.rounding);
    return;
  }
  const auto narrow = static_cast<float>(value);
  if (!rules.saturate && type == DataType::kFp8) {
    // 464 lies half way between the largest number, 448, and where the next would be; the tie goes to the even 448.
    return to.set_number(to_index, std::fabs(narrow) > 464 ? std::numeric_limits<double>::quiet_NaN() : value);
  }
  if (!rules.saturate && type == DataType::kFp8E5m2) {
    to.as_mutable<uint8_t>()[to_index] = fp8_e5m2_from_float(narrow, false);
    return;
  }
  if (type == DataType::kFp8Fnuz || type == DataType::kFp8E5m2Fnuz) {
    const auto encode = type == DataType::kFp8Fnuz ? fp8_fnuz_from_float : fp8_e5m2_fnuz_from_float;
    to.as_mutable<uint8_t>()[to_index] = encode(narrow, rules.saturate);
    return;
  }
  to.set_number(to_index, value);
}

double round_to_type(DataType type, double value) {
  if (type == DataType::kDouble) return value;
  if (type == DataType::kFloat) return static_cast<float>(value);
  if (type == DataType::kHalf) return float_from_half(half_from_float(static_cast<float>(value)));
  if (type == DataType::kBf16) return float_from_bf16(bf16_from_float(static_cast<float>(value)));
  auto from = Array::scalar(DataType::kDouble, value), to = Array::scalar(type, 0);
  cast_element(from, 0, to, 0);
  return to.number(0);
}

}  // namespace ingot
