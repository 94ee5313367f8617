// ONNX's numbers of element types, which attributes such as Cast's `to` hold.
#pragma once

#include "base/data_type.h"

namespace ingot {

// An error names the type where it is none of ours: strings, complex numbers, 6-bit floating point.
Result<DataType> data_type_from_onnx(int64_t number);
// The same for the words of versions before 6: "FLOAT", "INT64".
Result<DataType> data_type_from_onnx_word(std::string_view word);

}  // namespace ingot
