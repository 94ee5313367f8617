// Element types of tensors; sizes are in bits, since some are smaller than a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ingot {

enum class DataType : uint8_t {
  kFloat,    // IEEE binary32
  kHalf,     // IEEE binary16
  kBf16,     // upper half of binary32
  kDouble,   // IEEE binary64
  kFp8,      // E4M3FN
  kFp8E5m2,  // E5M2
  kFp4,      // E2M1
  kE8m0,     // a power of two, for block scales
  kBool,     // one byte, 0 or 1
  kInt4,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint4,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt2,
  kUint2,
  kFp8Fnuz,      // E4M3 with a bias of 8, one zero, one NaN and no infinity
  kFp8E5m2Fnuz,  // E5M2 with a bias of 16, the same
};
constexpr int kDataTypeCount = 23;

int bits_of(DataType type);
// Bytes of `count` elements, packed, rounded up to whole bytes.
size_t bytes_of(DataType type, int64_t count);
// "float", "half", "bf16", "int8" ...: the words of the text form.
std::string_view name_of(DataType type);
Result<DataType> data_type_from_name(std::string_view name);
bool is_floating(DataType type);
bool is_integer(DataType type);  // kBool excluded
bool is_signed(DataType type);
// Floating-point types of whole bytes that references compute with, and kernels do not.
bool is_rare_float(DataType type);

}  // namespace ingot
