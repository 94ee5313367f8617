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

// One element cast as ONNX Cast-19: to integers it truncates and saturates (NaN gives 0), integers wrap, bool is x != 0. Without `saturate`
// an fp8 number out of range becomes NaN (E4M3) or infinity (E5M2).
void cast_element(const Array& from, int64_t from_index, Array& to, int64_t to_index, bool saturate);
// `value` rounded to `type` and back.
double round_to_type(DataType type, double value);

}  // namespace ingot
