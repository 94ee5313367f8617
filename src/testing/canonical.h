// One text for all networks of one structure.
#pragma once

#include <memory>
#include <string>

#include "network/network.h"

namespace ingot::testing {

// The text of a copy whose layers stand in the order in which the outputs reach them and whose inner tensors are named t0, t1, ...
// Inputs and outputs keep their names. Layer names, metadata and recipes are dropped.
Result<std::string> canonical_text(const Network& network);

}  // namespace ingot::testing
