// The formulas of ScalarOp on single numbers: the reference that elementwise layers and expressions evaluate with.
#pragma once

#include "operators/expression.h"

namespace ingot {

// Computed in double, not rounded; bools are 0 and 1. kCast is the identity here: see cast_number.
double compute_real(ScalarOp op, double x, double y, double z, double a, double b);
// Integers of `type`: results wrap around as its two's complement (or modulo 2^bits); a division by 0 gives 0. uint64 travels as its bits.
int64_t compute_integer(ScalarOp op, DataType type, int64_t x, int64_t y, int64_t z, double a, double b);
// The low bits of `value` as a number of the integer type `type`; 0 or 1 for bool.
int64_t wrap_integer(DataType type, int64_t value);

// `x` quantized to int8 with `scale`, as Quantize does it, and back.
double snap_to_int8(double x, double scale);

// How a cast treats what its type cannot hold; stored as the constants a and b of ScalarOp::kCast.
struct CastRules {
  bool saturate = true;  // of fp8: out of range becomes the largest number; else NaN (E4M3) or infinity (E5M2). a = 1 switches it off
  enum Rounding { kUp, kDown, kNearest } rounding = kUp;  // of powers of two (e8m0): b

  CastRules() = default;
  CastRules(double a, double b) : saturate(a == 0), rounding(b == 1 ? kDown : b == 2 ? kNearest : kUp) {}
};

// One element cast as ONNX Cast-25: to integers it truncates and saturates (4 bits: wraps; NaN gives 0), integers wrap, bool is x != 0.
void cast_element(const Array& from, int64_t from_index, Array& to, int64_t to_index, const CastRules& rules = {});
// `value` rounded to `type` and back.
double round_to_type(DataType type, double value);

}  // namespace ingot
