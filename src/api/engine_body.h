// Bodies of loops and branches as engines of their own, one for each set of shapes.
#pragma once

#include "tactics/body.h"

namespace ingot {

Result<std::unique_ptr<Body>> make_engine_body(const Network& network, const Arrays& constants, Device& device, bool allow_tf32);

}  // namespace ingot
