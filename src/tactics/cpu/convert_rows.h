// Rows of elements to and from float, by the best instruction set of the machine.
#pragma once

#include <cstdint>

#include "base/data_type.h"

namespace ingot {

using LoadRow = void (*)(const void* from, float* to, int64_t count);
using StoreRow = void (*)(const float* from, void* to, int64_t count);

// Null for types that have no row form (fp4, int4 ...). Bools read as 0 and 1.
LoadRow load_row(DataType type);
// Floating types round half to even; integers round half to even and saturate, NaN becomes 0; bools are x != 0.
StoreRow store_row(DataType type);
// To integers of 8 to 64 bits, as a cast does it: truncated and saturated, NaN becomes 0. Null for other types and for uint64.
StoreRow store_row_truncated(DataType type);

// to = round(from / scale) + zero, saturated to int8 or uint8; NaN becomes 0.
using QuantizeRow = void (*)(const float* from, float scale, float zero, void* to, int64_t count);
// to = (from - zero) * scale.
using DequantizeRow = void (*)(const void* from, float scale, float zero, float* to, int64_t count);
// Null for types other than int8 and uint8.
QuantizeRow quantize_row(DataType to);
DequantizeRow dequantize_row(DataType from);

struct TileOperand;
using ExpressionKernel = void (*)(const TileOperand* operands, float* out, int64_t count, float a, float b);

// Rows through a buffer of floats that stays in L1: to = store(load(from) * factor), or / factor after divide_by().
struct RowConversion {
  LoadRow load = nullptr;
  StoreRow store = nullptr;
  int from_bytes = 0, to_bytes = 0;
  float factor = 1;
  ExpressionKernel scale = nullptr;  // multiplies or divides by the factor

  static RowConversion make(DataType from, DataType to);
  void divide_by(float divisor);
  bool ok() const { return load && store; }
  void run(const void* from, void* to, int64_t count) const;
};

}  // namespace ingot
