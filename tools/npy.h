// NumPy's .npy files.
#pragma once

#include <string>

#include "network/array.h"

namespace ingot::tools {

Result<Array> read_npy(const std::string& path);

}  // namespace ingot::tools
