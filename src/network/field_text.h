// Values of fields and constants as text that reads back to the same bits.
#pragma once

#include <string>
#include <string_view>

#include "network/operator.h"

namespace ingot {

std::string number_to_text(double value);  // shortest decimal that reads back to the same double; "inf", "-inf", "nan"
std::string float_to_text(float value);    // the same for float
std::string quote(std::string_view text);  // "..." with \" \\ \n and \xNN
// 1, 0.5, true, word, "quoted text", [1, 2], [0.5, 1.5], { network }, array float [2] = 1 2
std::string field_to_text(const FieldValue& value);
// The elements, separated by spaces.
std::string values_to_text(const Array& array);

}  // namespace ingot
