#include "operators/onnx_types.h"

#include <iterator>
#include <string>

namespace ingot {

Result<DataType> data_type_from_onnx(int64_t number) {
  struct Known {
    int64_t number;
    DataType type;
  };
  static constexpr Known kKnown[] = {
      {1, DataType::kFloat},        {2, DataType::kUint8},    {3, DataType::kInt8},   {4, DataType::kUint16}, {5, DataType::kInt16},
      {6, DataType::kInt32},        {7, DataType::kInt64},    {9, DataType::kBool},   {10, DataType::kHalf},  {11, DataType::kDouble},
      {12, DataType::kUint32},      {13, DataType::kUint64},  {16, DataType::kBf16},  {17, DataType::kFp8},   {18, DataType::kFp8Fnuz},
      {20, DataType::kFp8E5m2Fnuz}, {19, DataType::kFp8E5m2}, {21, DataType::kUint4}, {22, DataType::kInt4},  {23, DataType::kFp4},
      {24, DataType::kE8m0},        {25, DataType::kUint2},   {26, DataType::kInt2},
  };
  for (const Known& known : kKnown) {
    if (known.number == number) return known.type;
  }
  struct Named {
    int64_t number;
    const char* name;
  };
  static constexpr Named kDeclined[] = {{8, "strings"}, {14, "complex64"}, {15, "complex128"}, {27, "float6e2m3"}, {28, "float6e3m2"}};
  for (const Named& named : kDeclined) {
    if (named.number == number)
      return unsupported(std::string("elements of ONNX type ") + named.name + " are not supported; numbers and bools are");
  }
  return invalid("element type " + std::to_string(number) + " is not one of ONNX");
}

Result<DataType> data_type_from_onnx_word(std::string_view word) {
  static constexpr std::string_view kWords[] = {"UNDEFINED", "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
                                                "INT64",     "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
  for (size_t i = 1; i < std::size(kWords); ++i) {
    if (kWords[i] == word) return data_type_from_onnx(static_cast<int64_t>(i));
  }
  return invalid("element type '" + std::string(word) + "' is not one of ONNX");
}

}  // namespace ingot
