// What a plan's steps run by, known before its weights are read.
#pragma once

#include <set>
#include <string>

#include "base/byte_reader.h"
#include "base/result.h"

namespace ingot {

// The names of the tactics that the plan has chosen. Weights are not looked at; `bytes` need no alignment.
Result<std::set<std::string>> tactics_of(Bytes bytes);

}  // namespace ingot
