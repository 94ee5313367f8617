#include "base/data_type.h"

#include <string>

namespace ingot {
namespace {

struct Row {
  DataType type;
  int bits;
  std::string_view name;
  bool floating, integer, is_signed;
};

constexpr Row kRows[kDataTypeCount] = {
    {DataType::kFloat, 32, "float", true, false, true},
    {DataType::kHalf, 16, "half", true, false, true},
    {DataType::kBf16, 16, "bf16", true, false, true},
    {DataType::kDouble, 64, "double", true, false, true},
    {DataType::kFp8, 8, "fp8", true, false, true},
    {DataType::kFp8E5m2, 8, "fp8e5m2", true, false, true},
    {DataType::kFp4, 4, "fp4", true, false, true},
    {DataType::kE8m0, 8, "e8m0", true, false, false},
    {DataType::kBool, 8, "bool", false, false, false},
    {DataType::kInt4, 4, "int4", false, true, true},
    {DataType::kInt8, 8, "int8", false, true, true},
    {DataType::kInt16, 16, "int16", false, true, true},
    {DataType::kInt32, 32, "int32", false, true, true},
    {DataType::kInt64, 64, "int64", false, true, true},
    {DataType::kUint4, 4, "uint4", false, true, false},
    {DataType::kUint8, 8, "uint8", false, true, false},
    {DataType::kUint16, 16, "uint16", false, true, false},
    {DataType::kUint32, 32, "uint32", false, true, false},
    {DataType::kUint64, 64, "uint64", false, true, false},
    {DataType::kInt2, 2, "int2", false, true, true},
    {DataType::kUint2, 2, "uint2", false, true, false},
    {DataType::kFp8Fnuz, 8, "fp8fnuz", true, false, true},
    {DataType::kFp8E5m2Fnuz, 8, "fp8e5m2fnuz", true, false, true},
};

constexpr bool rows_follow_the_enum() {
  for (int i = 0; i < kDataTypeCount; ++i) {
    if (static_cast<int>(kRows[i].type) != i) return false;
  }
  return true;
}
static_assert(rows_follow_the_enum());

const Row& row(DataType type) { return kRows[static_cast<int>(type)]; }

}  // namespace

int bits_of(DataType type) { return row(type).bits; }

size_t bytes_of(DataType type, int64_t count) {
  const auto bits = static_cast<unsigned __int128>(count) * static_cast<unsigned>(row(type).bits);
  const auto bytes = (bits + 7) / 8;
  // More than any file or memory has; sums with it do not wrap either.
  return bytes > PTRDIFF_MAX ? size_t{PTRDIFF_MAX} : static_cast<size_t>(bytes);
}

std::string_view name_of(DataType type) { return row(type).name; }

Result<DataType> data_type_from_name(std::string_view name) {
  std::string known;
  for (const Row& row : kRows) {
    if (row.name == name) return row.type;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return invalid("'" + std::string(name) + "' is no element type; there are " + known);
}

bool is_floating(DataType type) { return row(type).floating; }
bool is_integer(DataType type) { return row(type).integer; }
bool is_signed(DataType type) { return row(type).is_signed; }
bool is_rare_float(DataType type) { return type == DataType::kE8m0 || type == DataType::kFp8Fnuz || type == DataType::kFp8E5m2Fnuz; }

}  // namespace ingot
